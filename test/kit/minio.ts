import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Go, goBinary } from './go-binary.ts'
import { type S3Access, type S3Server, s3AccessOn, sharedS3, witness } from './s3-server.ts'
import { freePorts, startServer } from './server-process.ts'

const source = `package main

import (
	"os"

	"github.com/minio/minio/cmd"
)

func main() { cmd.Main(os.Args) }
`

/** MinIO publishes no programs any more, so a module of our own calls its main function; about 90 s, once. */
async function build(folder: string, go: Go): Promise<void> {
  await writeFile(join(folder, 'main.go'), source)
  await go(['mod', 'init', 'coldstream-minio'])
  await go(['get', 'github.com/minio/minio/cmd@latest'])
  await go(['mod', 'tidy'])
  await go(['build', '-o', 'minio', '.'])
}

/** Starts a MinIO on free ports, with its data in the given folder, else in a temporary one. */
export async function startMinio(data?: string): Promise<S3Server> {
  const program = await goBinary('minio', build)
  const [port, consolePort] = await freePorts(2)
  const access = s3AccessOn(port!)
  const server = await startServer({
    name: 'minio',
    program,
    args: (folder) => [
      'server',
      '--address',
      `127.0.0.1:${port}`,
      '--console-address',
      `127.0.0.1:${consolePort}`,
      data ?? join(folder, 'data'),
    ],
    env: {
      MINIO_ROOT_USER: access.accessKeyId,
      MINIO_ROOT_PASSWORD: access.secretAccessKey,
      MINIO_REGION: access.region,
      MINIO_UPDATE: 'off',
    },
    probe: () => witness(access).listBuckets(),
  })
  return { ...access, ...server }
}

/** The MinIO of COLDSTREAM_TEST_MINIO, else one for this process. */
export const sharedMinio: () => Promise<S3Access> = sharedS3('COLDSTREAM_TEST_MINIO', () => startMinio())
