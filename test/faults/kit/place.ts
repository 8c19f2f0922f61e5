import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { startMinio } from '../../kit/minio.ts'
import { type S3Access, witness } from '../../kit/s3-server.ts'

/** Where an archive of a script is kept, looked at without any code of ours. */
export interface Place {
  /** What makes the command line use it. */
  settings: Record<string, string>
  /** Keys of the objects below a prefix that ends with `/`. */
  keys(prefix: string): Promise<string[]>
  /** Bytes of the objects below a prefix that ends with `/`. */
  bytes(prefix: string): Promise<number>
  read(key: string): Promise<string>
  /** Puts an object there, also in the place of another. */
  write(key: string, bytes: Buffer): Promise<void>
  remove(key: string): Promise<void>
  /** A local folder that holds all objects below the prefix. */
  localFolder(prefix: string): Promise<string>
  close(): Promise<void>
}

/** A `file:` archive in a folder, a temporary one unless it is given; it is removed at the end. */
export async function filePlace(given?: string): Promise<Place> {
  const root = given ?? (await mkdtemp(join(tmpdir(), 'coldstream-archive-')))
  const files = async (prefix: string): Promise<string[]> => {
    const folder = join(root, prefix)
    await mkdir(folder, { recursive: true })
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  }
  return {
    settings: { COLDSTREAM_STORE: pathToFileURL(root).href },
    keys: async (prefix) => (await files(prefix)).map((file) => relative(root, file)),
    async bytes(prefix) {
      const sizes = await Promise.all((await files(prefix)).map(async (file) => (await stat(file)).size))
      return sizes.reduce((sum, size) => sum + size, 0)
    },
    read: (key) => readFile(join(root, key), 'utf8'),
    async write(key, bytes) {
      await mkdir(dirname(join(root, key)), { recursive: true })
      await writeFile(join(root, key), bytes)
    },
    remove: (key) => rm(join(root, key)),
    localFolder: (prefix) => Promise.resolve(join(root, prefix)),
    close: () => rm(root, { recursive: true, force: true }),
  }
}

/** An `s3:` archive on a MinIO of its own. */
export async function minioPlace(): Promise<Place> {
  const server = await startMinio()
  const bucket = 'coldstream'
  const place = await bucketPlace(server, bucket)
  return {
    ...place,
    async close() {
      await place.close()
      await server.stop()
    },
  }
}

/** A bucket, made here, of a server that runs. */
export async function bucketPlace(access: S3Access, bucket: string): Promise<Place> {
  const client = witness(access)
  await client.makeBucket(bucket, access.region)
  const copies: string[] = []
  const list = async (prefix: string): Promise<{ key: string; bytes: number }[]> => {
    const found: { key: string; bytes: number }[] = []
    for await (const { name, size } of client.listObjectsV2(bucket, prefix, true)) {
      // Hadoop leaves empty objects where a folder would be
      if (name !== undefined && !name.endsWith('/')) found.push({ key: name, bytes: size ?? 0 })
    }
    return found
  }
  return {
    settings: {
      COLDSTREAM_STORE: `s3://${bucket}`,
      COLDSTREAM_S3_ENDPOINT: access.endpoint,
      COLDSTREAM_S3_REGION: access.region,
      COLDSTREAM_S3_ACCESS_KEY_ID: access.accessKeyId,
      COLDSTREAM_S3_SECRET_ACCESS_KEY: access.secretAccessKey,
    },
    keys: async (prefix) => (await list(prefix)).map(({ key }) => key),
    bytes: async (prefix) => (await list(prefix)).reduce((sum, { bytes }) => sum + bytes, 0),
    read: async (key) => text(await client.getObject(bucket, key)),
    write: async (key, bytes) => void (await client.putObject(bucket, key, bytes)),
    remove: (key) => client.removeObject(bucket, key),
    async localFolder(prefix) {
      const folder = await mkdtemp(join(tmpdir(), 'coldstream-copy-'))
      copies.push(folder)
      for (const { key } of await list(prefix)) await client.fGetObject(bucket, key, join(folder, key))
      return join(folder, prefix)
    },
    async close() {
      for (const folder of copies) await rm(folder, { recursive: true, force: true })
    },
  }
}
