import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { TaskStatus } from '../../src/archive/capture.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { ConnectorRun, type RunningCapture, type RunParts } from '../../src/connect/connector-run.ts'
import { ConnectorSlot } from '../../src/connect/connector-slot.ts'
import { UnavailableError } from '../../src/errors.ts'
import type { Clock } from '../../src/ports/clock.ts'

const connector = parseConnector({ name: 'orders', topics: 'orders' }, 'test')

/** A clock that passes only by sleeping, at once, and remembers for how long. */
class SkippingClock implements Clock {
  readonly sleeps: number[] = []
  now = 1_700_000_000_000

  nowMs(): number {
    return this.now
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await turn()
    if (signal?.aborted) throw signal.reason
    this.sleeps.push(ms)
    this.now += ms
  }
}

/** Captures whose every run is in the hands of the test. */
class Captures {
  readonly clock = new SkippingClock()
  readonly errors: string[] = []
  opened = 0
  running = 0
  tasks: TaskStatus[] = [{ task: 0, partitions: 2, stoppedPartitions: 0, error: null }]
  /** What the next openings and runs do: an error, or run until told to stop. */
  failures: Error[] = []
  onRun: () => void = () => undefined

  parts(): RunParts {
    const ignore = (): void => undefined
    return {
      clock: this.clock,
      log: { info: ignore, warn: ignore, error: (message) => this.errors.push(message) },
      openCapture: async (): Promise<RunningCapture> => {
        this.opened++
        return { tasks: () => this.tasks, run: (_, signal) => this.#run(signal) }
      },
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.running++
    assert.equal(this.running, 1, 'never two at once')
    try {
      this.onRun()
      const failure = this.failures.shift()
      if (failure !== undefined) throw failure
      if (!signal.aborted)
        await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }))
      await turn()
    } finally {
      this.running--
    }
  }
}

const away = (): Error => new UnavailableError('store-away', 'the store is away', { remedy: 'Look at the store.' })

async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; !isSo(); turns++) {
    assert.ok(turns < 10_000, 'it never came to pass')
    await turn()
  }
}

describe('the run of a connector', () => {
  it('opens the capture again after pauses that grow to a minute', async () => {
    const captures = new Captures()
    captures.failures = Array.from({ length: 9 }, away)
    const run = ConnectorRun.start(captures.parts(), connector)
    await until(() => captures.opened === 10)
    assert.deepEqual(captures.clock.sleeps, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000])
    assert.equal(run.status().state, 'RUNNING')
    await run.stop()
  })

  it('begins with short pauses again after it ran well for a while', async () => {
    const captures = new Captures()
    captures.failures = Array.from({ length: 5 }, away)
    captures.onRun = () => {
      if (captures.opened === 4) captures.clock.now += 120_000
    }
    const run = ConnectorRun.start(captures.parts(), connector)
    await until(() => captures.opened === 6)
    assert.deepEqual(captures.clock.sleeps, [1000, 2000, 4000, 1000, 2000])
    await run.stop()
  })

  it('is FAILED, with what stopped it and the tasks it had, until the capture is open again', async () => {
    const captures = new Captures()
    const error = away()
    captures.failures = [error]
    const seen = Promise.withResolvers<ReturnType<ConnectorRun['status']>>()
    captures.clock.sleep = async (_ms, signal) => {
      seen.resolve(run.status())
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
    }
    const run = ConnectorRun.start(captures.parts(), connector)
    assert.equal(run.status().state, 'UNASSIGNED')
    assert.deepEqual(await seen.promise, {
      state: 'FAILED',
      error,
      tasks: [{ task: 0, partitions: 2, stoppedPartitions: 0, error }],
    })
    assert.deepEqual(captures.errors, ['the capture stopped and will be opened again'])
    await run.stop()
  })

  it('ends when it is told to, after the capture has', async () => {
    const captures = new Captures()
    const run = ConnectorRun.start(captures.parts(), connector)
    await until(() => captures.running === 1)
    await run.stop()
    assert.equal(captures.running, 0)
    assert.deepEqual(captures.errors, [])
  })
})

describe('a slot', () => {
  const wanted = { kind: 'run' as const, connector, revision: 1, restart: null }

  it('runs what is wanted, and anew for another revision', async () => {
    const captures = new Captures()
    const slot = new ConnectorSlot(captures.parts())
    slot.want(wanted)
    slot.want(wanted)
    await until(() => captures.running === 1)
    slot.want({ ...wanted, revision: 2 })
    await until(() => captures.opened === 2 && captures.running === 1)
    await slot.close()
    assert.deepEqual([captures.opened, captures.running], [2, 0])
  })

  it('rests, and remembers how many tasks there were', async () => {
    const captures = new Captures()
    const slot = new ConnectorSlot(captures.parts())
    slot.want(wanted)
    await until(() => captures.running === 1)
    slot.want({ kind: 'rest' })
    assert.equal(slot.isBusy, true, 'not before all is committed')
    await until(() => !slot.isBusy)
    assert.equal(slot.restingTasks, 1)
  })

  it('heeds what is wanted last, however quickly that changes', async () => {
    const captures = new Captures()
    const slot = new ConnectorSlot(captures.parts())
    for (let revision = 1; revision <= 20; revision++) {
      slot.want({ ...wanted, revision })
      slot.want({ kind: 'rest' })
      if (revision % 3 === 0) await turn()
    }
    slot.want({ ...wanted, revision: 99 })
    await until(() => captures.running === 1)
    slot.want({ kind: 'fail', error: away() })
    await until(() => !slot.isBusy)
    assert.equal(slot.status().state, 'FAILED')
    await slot.close()
  })

  it('restarts once for each request, and with onlyFailed only what has failed', async () => {
    const captures = new Captures()
    const slot = new ConnectorSlot(captures.parts())
    slot.want(wanted)
    await until(() => captures.running === 1)
    const restart = { seq: 5, includeTasks: true, onlyFailed: true }
    slot.want({ ...wanted, restart })
    captures.tasks = [{ task: 0, partitions: 2, stoppedPartitions: 0, error: away() }]
    slot.want({ ...wanted, restart })
    await turn()
    assert.equal(captures.opened, 1, 'that request came before anything had failed')
    slot.want({ ...wanted, restart: { seq: 6, includeTasks: false, onlyFailed: true } })
    await turn()
    assert.equal(captures.opened, 1, 'tasks were not asked for')
    slot.want({ ...wanted, restart: { seq: 7, includeTasks: true, onlyFailed: true } })
    await until(() => captures.opened === 2 && captures.running === 1)
    slot.want({ ...wanted, restart: { seq: 7, includeTasks: true, onlyFailed: true } })
    await turn()
    assert.equal(captures.opened, 2)
    slot.restart({ includeTasks: false, onlyFailed: false })
    await until(() => captures.opened === 3 && captures.running === 1)
    await slot.close()
  })
})
