import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectJars } from './kafka-jars.ts'
import { freePorts, startServer } from './server-process.ts'

/** A real worker of Kafka Connect, standalone, with the file connectors that come with Kafka. */
export interface ConnectWorker {
  /** `http://host:port`. */
  url: string
  stop(): Promise<void>
}

export async function startConnectWorker(brokers: readonly string[]): Promise<ConnectWorker> {
  const home = await connectJars()
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-connect-'))
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const properties = join(folder, 'worker.properties')
  const settings = {
    'bootstrap.servers': brokers.join(),
    // a connector of the same name elsewhere would have the same group, and half of the partitions
    'consumer.group.id': 'connect-of-kafka',
    'key.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
    'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
    'offset.storage.file.filename': join(folder, 'offsets'),
    'offset.flush.interval.ms': 500,
    'plugin.discovery': 'only_scan',
    listeners: url,
  }
  await writeFile(
    properties,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  const worker = await startServer({
    name: 'connect',
    program: 'java',
    args: () => ['-cp', join(home, 'libs', '*'), 'org.apache.kafka.connect.cli.ConnectStandalone', properties],
    // its listener answers before its resources do
    probe: async () => {
      const { status } = await fetch(`${url}/connectors`)
      if (status !== 200) throw new Error(`it answers ${status}`)
    },
  })
  return {
    url,
    async stop() {
      await worker.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
