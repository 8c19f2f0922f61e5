import { LogReader } from '../../../src/catalog/log-reader.ts'
import { unpackGaps } from '../../../src/format/gap-set.ts'
import { MemoryStore } from '../../catalog/memory-store.ts'
import { SimulatedBroker } from './simulation-broker.ts'
import { Random, Scheduler } from './simulation-scheduler.ts'
import type { Sabotage, World } from './simulation-store.ts'
import { capture, ENTRIES_PER_CHECKPOINT } from './simulation-writer.ts'
import { toyRows } from './toy-segment.ts'

/** What a run is made of; everything else follows from the seed. */
export interface Scenario {
  seed: number
  records: number
  /** Writers at the same time, at most. */
  writers: number
  steps: number
  /** Probabilities per step or request. */
  faultRate: number
  killRate: number
  pauseRate: number
  compactRate: number
  retainRate: number
  sabotage: Sabotage
}

/** A run's end: the objects and what the broker still has. */
export interface Outcome {
  store: MemoryStore
  /** What is wrong; empty when the promises held. */
  problems: string[]
  /** How often writers finished, died, or slept to the end: tells that a run tried something. */
  zombies: number
}

/** Runs several captures of one partition against faults of every kind, and looks at what is left. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const random = new Random(scenario.seed)
  const scheduler = new Scheduler(random)
  const broker = new SimulatedBroker()
  const { sabotage, faultRate } = scenario
  const world: World = { store: new MemoryStore(), unfenced: new MemoryStore(), scheduler, sabotage, faultRate }
  const problems: string[] = []
  const spawn = () =>
    scheduler.spawn(`w${scheduler.actors.length}`, (actor) =>
      capture(world, broker, actor).catch((error: unknown) => {
        problems.push(`${actor.name} failed: ${String(error)}`)
      }),
    )
  grow(broker, random, Math.ceil(scenario.records / 2))
  for (let step = 0; step < scenario.steps; step++) {
    if (random.chance(0.05) && scheduler.living.length < scenario.writers) spawn()
    disturb(broker, random, scenario)
    for (const actor of scheduler.living) {
      if (random.chance(scenario.killRate)) actor.isDead = true
      if (random.chance(scenario.pauseRate)) actor.asleepUntil = step + random.pick([5, 50, Number.POSITIVE_INFINITY])
    }
    await scheduler.advance(scheduler.living)
  }
  const zombies = scheduler.living
  world.faultRate = 0
  await runToEnd(scheduler, [spawn()], problems)
  check(world, broker, problems, 'before the zombies woke')
  for (const zombie of zombies) zombie.asleepUntil = 0
  world.faultRate = scenario.faultRate
  await runToEnd(scheduler, zombies, problems)
  check(world, broker, problems, 'after the zombies woke')
  await checkLog(world, broker, problems)
  return { store: world.store, problems, zombies: zombies.length }
}

function grow(broker: SimulatedBroker, random: Random, records: number): void {
  for (let i = 0; i < records; i++) {
    broker.append(random.pick(['data', 'data', 'data', 'data', 'control', 'aborted']), random.between(0, 2))
  }
}

function disturb(broker: SimulatedBroker, random: Random, { records, compactRate, retainRate }: Scenario): void {
  if (broker.end < records && random.chance(0.1)) grow(broker, random, 1)
  if (random.chance(compactRate)) broker.compact(random.between(broker.first, broker.end))
  if (random.chance(retainRate)) broker.retain(broker.first + random.between(1, 4))
}

async function runToEnd(
  scheduler: Scheduler,
  actors: Parameters<Scheduler['advance']>[0],
  problems: string[],
): Promise<void> {
  for (let left = 50_000; left > 0; left--) if (!(await scheduler.advance(actors))) return
  problems.push('writers do not come to an end')
}

/** By the directory alone, as an engine that knows of no log reads it. */
function check({ store }: World, broker: SimulatedBroker, problems: string[], when: string): void {
  const seen = new Map<number, string>()
  for (const [path, bytes] of store.objects) {
    if (!path.startsWith('topics/')) continue
    for (const { offset, value } of toyRows(bytes)) {
      if (seen.has(offset)) problems.push(`${when}: offset ${offset} is twice, in ${seen.get(offset)} and ${path}`)
      seen.set(offset, path)
      const record = broker.records[offset]
      if (record?.kind !== 'data' || record.value !== value)
        problems.push(`${when}: offset ${offset} is no such record`)
    }
  }
  for (const [offset, { kind, goneBy }] of broker.records.entries()) {
    if (kind === 'data' && goneBy === null && !seen.has(offset)) problems.push(`${when}: offset ${offset} is lost`)
  }
}

/** By the log: it names what exists, and rows and gaps that are true cover everything. */
async function checkLog({ store, unfenced }: World, broker: SimulatedBroker, problems: string[]): Promise<void> {
  const key = { topic: 't', incarnation: 1, partition: 0 }
  const state = await new LogReader(store, key, ENTRIES_PER_CHECKPOINT).state().catch((error: unknown) => {
    problems.push(`the log cannot be read: ${String(error)}`)
    return null
  })
  if (state === null) return
  if (state.openIntent) problems.push('an intent is left open')
  const covered = new Map<bigint, string>()
  const cover = (offset: bigint, by: string) => {
    if (covered.has(offset)) problems.push(`offset ${offset} is covered by ${covered.get(offset)} and ${by}`)
    covered.set(offset, by)
  }
  const named = new Set(state.segments.map(({ path }) => path))
  for (const { path, records, bytes } of state.segments) {
    const object = store.objects.get(path) ?? unfenced.objects.get(path)
    if (object?.length !== bytes) problems.push(`${path} is not there as the log says`)
    const rows = object ? toyRows(object) : []
    if (rows.length !== records) problems.push(`${path} has ${rows.length} rows where the log says ${records}`)
    for (const { offset } of rows) cover(BigInt(offset), path)
  }
  for (const { reason, firstOffset, lastOffset } of unpackGaps(state.gaps, 'the log')) {
    for (let offset = firstOffset; offset <= lastOffset; offset++) {
      cover(offset, reason)
      const { kind, goneBy } = broker.records[Number(offset)]!
      const isTrue =
        reason === kind || (reason === goneBy && goneBy !== null) || (reason === 'retention' && offset < broker.first)
      if (!isTrue) problems.push(`offset ${offset} is no ${reason} gap: ${kind}, gone by ${goneBy}`)
    }
  }
  for (const path of store.objects.keys()) {
    if (path.startsWith('topics/') && !named.has(path)) problems.push(`${path} is not in the log`)
  }
  const { from, next } = state.archived ?? { from: 0n, next: 0n }
  // When retention takes everything before it is seen, there is nothing to archive.
  const isBegun = state.archived !== null || broker.first < broker.end
  if (isBegun && next !== BigInt(broker.end)) problems.push(`archived up to ${next}, the broker ends at ${broker.end}`)
  for (let offset = from; offset < next; offset++) {
    if (!covered.has(offset)) problems.push(`offset ${offset} is neither a row nor a gap`)
  }
}
