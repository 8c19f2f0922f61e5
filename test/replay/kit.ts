import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import { PinoLog } from '../../src/adapters/pino-log.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { Log } from '../../src/ports/log.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { defaultReplayLimits, type ReplayLimits } from '../../src/replay/limits.ts'
import type { WorkSlots } from '../../src/replay/run/work-slots.ts'
import { ReplayService, type ReplayServiceOptions } from '../../src/replay/service.ts'
import { type JudgedRecord, readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveCommit, type SourceRecord, sourceRecord } from './archive.ts'

export const silentLog: Log = new PinoLog('silent')

/** For replays without upcasters and SQL conditions. */
export const plainParts: Pick<ReplayServiceOptions, 'upcasters' | 'conditions'> = {
  upcasters: { folder: null, timeLimitMs: 5_000, maxMemoryBytes: 2 ** 28, threads: 1, log: silentLog },
  conditions: {
    validate: () => Promise.reject(new Error('there is no engine')),
    of: () => assert.fail('there is no engine'),
  },
}

/** Small units, so that few records make many transactions. */
export const smallUnits: ReplayLimits = {
  ...defaultReplayLimits,
  ...{ maxUnitRows: 500, maxShares: 2, maxLanes: 2, pollIntervalMs: 50 },
  step: { ...defaultReplayLimits.step, maxRows: 70 },
}

/** An archive in a temporary folder, and a service that replays from it into a real Kafka; gone after the test. */
export interface Stage {
  brokers: string[]
  folder: string
  store: ObjectStore
  eventLog: EventLog
  service: ReplayService
  /** Another service over the same store and broker, as another process would have it. */
  another(work?: WorkSlots): ReplayService
}

export async function setStage(context: TestContext, limits: ReplayLimits = smallUnits): Promise<Stage> {
  const brokers = await sharedKafka()
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-replay-'))
  const store = await openFileStore(pathToFileURL(folder).href)
  const eventLog = await KafkaEventLog.connect({ brokers, clientId: 'replay-test' })
  const services: ReplayService[] = []
  const another = (work?: WorkSlots): ReplayService => {
    const clock = new SystemClock()
    const service = new ReplayService({
      ...plainParts,
      store,
      eventLog,
      clock,
      log: silentLog,
      limits,
      ...(work && { work }),
    })
    services.push(service)
    return service
  }
  context.after(async () => {
    for (const service of services) await service.close()
    await eventLog.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { brokers, folder, store, eventLog, service: another(), another }
}

/** A topic's name that no other test uses. */
export function freshName(what: string): string {
  return `${what}-${randomUUID().slice(0, 8)}`
}

const startMs = Date.UTC(2025, 0, 14, 9)

/**
 * Archives `records` records in each of `partitions` partitions, in commits of `perCommit`, over four hours whose records
 * interleave, some of them an hour late and some offsets missing; returns what a replay has to emit.
 */
export async function archiveTopic(
  store: ObjectStore,
  topic: string,
  {
    partitions = 3,
    records = 2_000,
    perCommit = 700,
  }: { partitions?: number; records?: number; perCommit?: number } = {},
): Promise<Map<number, SourceRecord[]>> {
  const source = new Map<number, SourceRecord[]>()
  for (let partition = 0; partition < partitions; partition += 1) {
    const all: SourceRecord[] = []
    for (let from = 0; from < records; from += perCommit) {
      const next = Math.min(records, from + perCommit)
      const commit: SourceRecord[] = []
      for (let offset = from; offset < next; offset += 1)
        if (offset % 13 !== 5) commit.push(recordAt(partition, offset, records))
      await archiveCommit(store, {
        topic,
        partition,
        from: BigInt(from),
        next: BigInt(next),
        records: commit,
        rowGroupRows: 100,
      })
      all.push(...commit)
    }
    source.set(partition, all)
  }
  return source
}

function recordAt(partition: number, offset: number, records: number): SourceRecord {
  const late = offset % 17 === 0 ? 3_600_000 : 0
  return sourceRecord(partition, BigInt(offset), startMs + Math.floor((offset / records) * 4 * 3_600_000) - late)
}

/** Asserts that a read-committed kafkajs consumer sees exactly these records, once, in order per partition. */
export async function assertEmitted(
  stage: Stage,
  target: string,
  source: ReadonlyMap<number, readonly SourceRecord[]>,
): Promise<void> {
  const seen = await readCommitted(stage.brokers, target)
  for (const [partition, records] of source) {
    const emitted = seen.filter((record) => record.partition === partition)
    assert.deepEqual(emitted.map(plain), records.map(plain), `partition ${partition}`)
  }
  assert.equal(seen.length, [...source.values()].flat().length)
}

function plain(record: JudgedRecord | SourceRecord): unknown {
  const { key, value, timestampMs, headers } = record
  const fields = Array.isArray(headers)
    ? Object.fromEntries(headers.map((header) => [header.key.toString(), header.value?.toString()]))
    : Object.fromEntries(Object.entries(headers).map(([name, field]) => [name, String(field)]))
  return { timestampMs, fields, key: hex(key), value: hex(value) }
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}
