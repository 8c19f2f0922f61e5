import { randomUUID } from 'node:crypto'
import { Client } from 'minio'
import type { ServerProcess } from './server-process.ts'

/** How to reach an S3 server; the shape the adapter takes. */
export interface S3Access {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  region: string
}

export interface S3Server extends S3Access, ServerProcess {}

/** Where a server of this kind will listen, with credentials of its own. */
export function s3AccessOn(port: number): S3Access {
  return {
    endpoint: `http://127.0.0.1:${port}`,
    accessKeyId: 'coldstreamtest',
    secretAccessKey: randomUUID(),
    region: 'us-east-1',
  }
}

/** MinIO's own client: a witness of what is in a store that shares no code with the adapter. */
export function witness(access: S3Access): Client {
  const { hostname, port, protocol } = new URL(access.endpoint)
  return new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: access.accessKeyId,
    secretKey: access.secretAccessKey,
    region: access.region,
    pathStyle: true,
  })
}

/** Makes an empty bucket that no other test uses, and returns its name. */
export async function freshBucket(access: S3Access): Promise<string> {
  const bucket = `test-${randomUUID()}`
  await witness(access).makeBucket(bucket, access.region)
  return bucket
}

/** The server of an environment variable (JSON of S3Access), else one that is started once for this process. */
export function sharedS3(variable: string, start: () => Promise<S3Access>): () => Promise<S3Access> {
  let shared: Promise<S3Access> | undefined
  return () => {
    const given = process.env[variable]
    shared ??= given === undefined ? start() : Promise.resolve(JSON.parse(given) as S3Access)
    return shared
  }
}

/** What sharedS3 reads. */
export function s3AccessJson({ endpoint, accessKeyId, secretAccessKey, region }: S3Access): string {
  return JSON.stringify({ endpoint, accessKeyId, secretAccessKey, region })
}
