import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Go, goBinary } from './go-binary.ts'
import { type S3Access, type S3Server, s3AccessOn, sharedS3, witness } from './s3-server.ts'
import { freePorts, startServer } from './server-process.ts'

async function build(folder: string, go: Go): Promise<void> {
  await go(['install', 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'], { GOBIN: folder })
}

/** Starts a versitygw, an S3 server that shares no code with MinIO, over the given folder, else a temporary one. */
export async function startVersitygw(root?: string): Promise<S3Server> {
  const program = await goBinary('versitygw', build)
  const [port] = await freePorts(1)
  const access = s3AccessOn(port!)
  const server = await startServer({
    name: 'versitygw',
    program,
    args: (folder) => {
      // Attributes beside the data, not in xattrs: a temporary folder's file system may have none.
      const data = join(root ?? folder, 'data')
      const attributes = join(root ?? folder, 'attributes')
      for (const made of [data, attributes]) mkdirSync(made)
      return [
        '--port',
        `127.0.0.1:${port}`,
        '--region',
        access.region,
        '--quiet',
        'posix',
        '--sidecar',
        attributes,
        data,
      ]
    },
    env: { ROOT_ACCESS_KEY: access.accessKeyId, ROOT_SECRET_KEY: access.secretAccessKey },
    probe: () => witness(access).listBuckets(),
  })
  return { ...access, ...server }
}

/** The versitygw of COLDSTREAM_TEST_VERSITYGW, else one for this process. */
export const sharedVersitygw: () => Promise<S3Access> = sharedS3('COLDSTREAM_TEST_VERSITYGW', () => startVersitygw())
