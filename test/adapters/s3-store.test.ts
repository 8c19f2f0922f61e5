import { buffer } from 'node:stream/consumers'
import { openS3Store } from '../../src/adapters/s3/store.ts'
import { objectStoreSuite } from '../conformance/object-store.ts'
import { sharedMinio } from '../kit/minio.ts'
import { freshBucket, type S3Access, witness } from '../kit/s3-server.ts'
import { sharedVersitygw } from '../kit/versitygw.ts'

const servers: readonly [string, () => Promise<S3Access>, string][] = [
  ['MinIO', sharedMinio, 'an archive/of=ours'],
  ['versitygw', sharedVersitygw, ''],
]

for (const [name, shared, prefix] of servers) {
  objectStoreSuite(`S3Store on ${name}`, async () => {
    const access = await shared()
    const bucket = await freshBucket(access)
    const client = witness(access)
    const key = (path: string): string => (prefix === '' ? path : `${prefix}/${path}`)
    // Neighbours that a prefix must keep out.
    if (prefix !== '') {
      await client.putObject(bucket, `${prefix}-neighbour/x`, 'x')
      await client.putObject(bucket, 'a neighbour', 'x')
    }
    const url = `s3://${bucket}/${prefix}`
    const [store, rival] = [openS3Store(url, access), openS3Store(url, access)]
    return {
      store,
      rival,
      witness: {
        read: async (path) => buffer(await client.getObject(bucket, key(path))),
        write: async (path, content) => {
          await client.putObject(bucket, key(path), content)
        },
      },
      async stop() {
        await Promise.all([store.close(), rival.close()])
      },
    }
  })
}
