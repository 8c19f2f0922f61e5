import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { cleanEnvironment, said } from '../../test/faults/kit/coldstream.ts'
import { builtColdstreamArgs } from './coldstream-command.ts'
import { ProcessTree } from './process-tree.ts'

/** A replay that a service has brought to its end. */
interface ServedReplay {
  /** From the request to the end. */
  workSeconds: number
  /** Of the service, in this time. */
  cpuSeconds: number
  /** Largest resident memory of the service since its start. */
  peakBytes: number
  /** Records that it says it has emitted. */
  rows: number
}

/** A `coldstream serve`, as `npm run build` made it, asked by REST. */
export interface BenchService {
  /** Creates a replay, which then runs. Throws when it is refused. */
  begin(request: object): Promise<{ id: string; plan: { segments: number } }>
  cancel(id: string): Promise<void>
  /** Throws when it does not complete. */
  replayToEnd(request: object): Promise<ServedReplay>
  stop(): Promise<void>
}

const sampleEveryMs = 20

/** Starts a service in a folder that holds no configuration; it listens when this resolves. */
export async function startService(settings: Readonly<Record<string, string>>, folder: string): Promise<BenchService> {
  const process_ = spawn(process.execPath, builtColdstreamArgs(['serve']), {
    cwd: folder,
    env: cleanEnvironment({ ...settings, COLDSTREAM_HTTP_PORT: '0' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let address = ''
  process_.stderr.on('data', (bytes: Buffer) => {
    address ||= /listens on (http:\S+);/.exec(String(bytes))?.[1] ?? ''
  })
  const ended = Promise.all([once(process_, 'exit'), text(process_.stdout), text(process_.stderr)]).then(
    ([[code, signal], stdout, stderr]) => ({ code, signal, stdout, stderr }),
  )
  await said({ process: process_, ended }, /listens on http:\S+;/)
  const tree = new ProcessTree(process_.pid!)

  const ask = async (method: string, path: string, body?: object): Promise<Response> => {
    const headers = { 'content-type': 'application/json' }
    const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) }
    const response = await fetch(address + path, { method, ...sent })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  const service: BenchService = {
    async begin(request) {
      const response = await ask('POST', '/v1/replays', request)
      return (await response.json()) as { id: string; plan: { segments: number } }
    },
    async cancel(id) {
      await (await ask('POST', `/v1/replays/${id}/cancel`)).body?.cancel()
    },
    async replayToEnd(request) {
      tree.sample()
      const before = tree.cpuSeconds
      const sampling = setInterval(() => tree.sample(), sampleEveryMs)
      const startedAt = performance.now()
      try {
        const { id } = await service.begin(request)
        const events = await (await ask('GET', `/v1/replays/${id}/events`)).text()
        const workSeconds = (performance.now() - startedAt) / 1000
        tree.sample()
        const last = JSON.parse(events.slice(events.lastIndexOf('data: ') + 'data: '.length)) as LastStatus
        if (last.state !== 'completed') throw new Error(`${id} ended ${last.state}: ${last.error?.message}`)
        const cpuSeconds = tree.cpuSeconds - before
        return { workSeconds, cpuSeconds, peakBytes: tree.peakBytes, rows: last.progress?.rows ?? 0 }
      } finally {
        clearInterval(sampling)
      }
    },
    async stop() {
      process_.kill('SIGTERM')
      const { code, signal, stderr } = await ended
      if (code !== 0) throw new Error(`coldstream serve ended with ${signal ?? code}:\n${stderr}`)
    },
  }
  return service
}

interface LastStatus {
  state: string
  progress: { rows: number } | null
  error: { message: string } | null
}
