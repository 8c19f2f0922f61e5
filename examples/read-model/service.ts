import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const repository = join(import.meta.dirname, '..', '..')

/** A Coldstream service at work: it archives the topic, and answers REST. */
export interface Service {
  url: string
  stop(): Promise<void>
}

/** Starts `coldstream serve` with a connector for the topic; the archive is below the folder. */
export async function startService(brokers: readonly string[], topic: string, folder: string): Promise<Service> {
  const connector = join(folder, 'connector.json')
  // small files, so that the archive is close behind what is written
  await writeFile(
    connector,
    JSON.stringify({ name: topic, topics: topic, 'flush.size': '20000', 'rotate.schedule.interval.ms': '1000' }),
  )
  const child = spawn(process.execPath, [join(repository, 'dist', 'main.js'), 'serve', connector], {
    env: {
      ...process.env,
      COLDSTREAM_KAFKA_BROKERS: brokers.join(),
      COLDSTREAM_STORE: pathToFileURL(join(folder, 'archive')).href,
      COLDSTREAM_HTTP_HOST: '127.0.0.1',
      COLDSTREAM_HTTP_PORT: '0',
      COLDSTREAM_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return { url: await listening(child), stop: () => end(child) }
}

async function listening(child: ChildProcess): Promise<string> {
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr! })) {
    const url = /coldstream listens on (\S+?);/.exec(line)?.[1]
    if (url !== undefined) {
      child.stderr!.resume()
      return url
    }
    said.push(line)
  }
  throw new Error(`coldstream serve ended before it listened:\n${said.join('\n')}`)
}

/** Ends a child process, and waits until it has. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill(signal)
  await closed
}
