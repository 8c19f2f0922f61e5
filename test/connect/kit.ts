import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { ConnectorFile } from '../../src/connect/supervisor.ts'
import { buildServer } from '../../src/http/server.ts'
import { type TestServices, testServices } from '../kit/services.ts'

export const sinkClass = 'io.confluent.connect.s3.S3SinkConnector'

/** An instance of the service: it listens, follows the archive's connectors and runs them. */
export interface Instance {
  rig: TestServices
  server: FastifyInstance
  /** `http://host:port`. */
  url: string
  workerId: string
  call(method: string, path: string, body?: unknown): Promise<Answer>
  close(): Promise<void>
}

/** What was answered; the body is parsed, null when there was none. */
export type Answer = Awaited<ReturnType<typeof request>>

export interface InstanceOptions {
  brokers: string[]
  archive?: string
  files?: ConnectorFile[]
  config?: string
}

/** Starts an instance that looks at the archive's connectors five times a second. */
export async function startInstance({ brokers, archive, files = [], config = '' }: InstanceOptions): Promise<Instance> {
  const rig = await testServices({
    brokers,
    config: `connect:\n  pollIntervalMs: 200\n${config}`,
    ...(archive !== undefined && { archive }),
  })
  const server = await buildServer(rig.services, '0.0.0-test')
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const workerId = new URL(url).host
  const stop = new AbortController()
  const running = rig.services.connectors.run(workerId, files, stop.signal)
  return {
    rig,
    server,
    url,
    workerId,
    call: (method, path, body) => request(url + path, method, body),
    async close() {
      stop.abort()
      await running
      await server.close()
      await rig.close()
    },
  }
}

/** One call of a REST API. */
export async function request(url: string, method: string, body?: unknown) {
  const response = await fetch(url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

/** Asks until the answer is as it should be; the last one after ten seconds. */
export async function eventually<Result>(
  ask: () => Promise<Result>,
  isDone: (result: Result) => boolean,
): Promise<Result> {
  for (const untilMs = Date.now() + 10_000; ; ) {
    const result = await ask()
    if (isDone(result) || Date.now() > untilMs) return result
    await sleep(50)
  }
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}
