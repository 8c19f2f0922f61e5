import { archiveKafkaClasses } from './archive-kafka-classes.ts'
import { type KafkaServer, startKafka } from './kafka.ts'
import { sharedMinio, startMinio } from './minio.ts'
import { startOnDemand } from './on-demand.ts'
import { type S3Server, s3AccessJson } from './s3-server.ts'
import { startTrino } from './trino.ts'
import { startVersitygw } from './versitygw.ts'

const stops: (() => Promise<void>)[] = []

/**
 * Started once by the test runner, before any test file. The servers' addresses reach the files by environment, which
 * the runner hands on; a server whose variable is set already is not started.
 */
export async function globalSetup(): Promise<void> {
  const started = await Promise.allSettled([
    share(
      'COLDSTREAM_TEST_KAFKA',
      async () => {
        await archiveKafkaClasses()
        return startKafka()
      },
      (kafka: KafkaServer) => kafka.brokers.join(),
    ),
    share(
      'COLDSTREAM_TEST_MINIO',
      () => startMinio(),
      (minio: S3Server) => s3AccessJson(minio),
    ),
    share(
      'COLDSTREAM_TEST_VERSITYGW',
      () => startVersitygw(),
      (versitygw: S3Server) => s3AccessJson(versitygw),
    ),
  ])
  if (!process.env.COLDSTREAM_TEST_TRINO) {
    const trino = await startOnDemand(async () => startTrino(await sharedMinio()))
    stops.push(() => trino.stop())
    process.env.COLDSTREAM_TEST_TRINO_ON_DEMAND = trino.url
  }
  const failures = started.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length === 0) return
  await globalTeardown()
  throw new AggregateError(failures, failures.map(String).join('\n'))
}

/** Stops what globalSetup started. */
export async function globalTeardown(): Promise<void> {
  await Promise.all(stops.splice(0).map((stop) => stop()))
}

async function share<S extends { stop(): Promise<void> }>(
  variable: string,
  start: () => Promise<S>,
  address: (server: S) => string,
): Promise<void> {
  if (process.env[variable]) return
  const server = await start()
  stops.push(() => server.stop())
  process.env[variable] = address(server)
}
