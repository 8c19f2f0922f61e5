import type { TopicInfo } from '../../ports/event-log.ts'
import type {
  GroupPosition,
  LogExtent,
  LogPlace,
  PartitionBytes,
  RetentionLimits,
  RetentionSource,
} from '../../ports/retention.ts'
import { type HeadroomThresholds, type LogFacts, type LogRates, predictHeadroom } from './headroom.ts'
import { addSample, type RateState, ratesOf } from './rates.ts'
import type { GroupHeadroom, PartitionHeadroom, TopicHeadroom } from './report.ts'

/** What a topic's log was at the beginning of a look. */
export interface TopicLog {
  limits: RetentionLimits
  /** By partition number. */
  extents: LogExtent[]
}

/** Who reads it, and what else is known; told after the log was looked at. */
export interface TopicReaders {
  nowMs: number
  /** Next offset to archive, by partition number; null: nothing is archived. */
  positions: readonly (bigint | null)[]
  sizes: readonly PartitionBytes[]
  groups: readonly GroupPosition[]
}

interface Observed {
  facts: LogFacts
  oldestTimestampMs: number | null
  rates: LogRates
}

/** Looks at one topic again and again. */
export class TopicSurvey {
  readonly info: TopicInfo
  readonly #retention: RetentionSource
  readonly #thresholds: HeadroomThresholds
  readonly #rates: Map<number, RateState> = new Map()
  readonly #bytes: Map<number, number> = new Map()
  /** Timestamps by place. A record does not change: only places that are new have to be asked for. */
  #timestamps: Map<string, number | null> = new Map()

  constructor(info: TopicInfo, retention: RetentionSource, thresholds: HeadroomThresholds) {
    this.info = info
    this.#retention = retention
    this.#thresholds = thresholds
  }

  async look(): Promise<TopicLog> {
    const numbers = Array.from({ length: this.info.partitions }, (_, partition) => partition)
    const limits = await this.#retention.limits(this.info.topic)
    return { limits, extents: await this.#retention.extents(this.info, numbers) }
  }

  async predict(
    { limits, extents }: TopicLog,
    { nowMs, positions, sizes, groups }: TopicReaders,
  ): Promise<TopicHeadroom> {
    const { topic } = this.info
    const observed = extents.map((extent) => this.#observe(extent, limits, sizes, nowMs))
    const readers = groups.filter(({ partition }) => partition < positions.length)
    const archive = positions.map((archived, partition) => ({
      partition,
      offset: archived ?? extents[partition]!.logStart,
    }))
    await this.#learnTimestamps(
      [...archive, ...readers.map(({ partition, next }) => ({ partition, offset: next }))],
      observed,
    )
    const predictAt = ({ partition, offset }: LogPlace) => {
      const { facts, rates, oldestTimestampMs } = observed[partition]!
      // a record whose own time is not told was hardly written before the oldest one
      const timestampMs = this.#timestamps.get(nameOf({ partition, offset })) ?? oldestTimestampMs
      const reader = { position: offset, timestampMs }
      const { logStart, end } = facts
      return { ...predictHeadroom(facts, reader, rates, nowMs, this.#thresholds), topic, partition, logStart, end }
    }
    return {
      topic,
      limits,
      partitions: archive.map(
        (place): PartitionHeadroom => ({ ...predictAt(place), archived: positions[place.partition]! }),
      ),
      groups: readers
        .map(({ group, partition, next }): GroupHeadroom => {
          const prediction = predictAt({ partition, offset: next })
          return { ...prediction, group, position: next, archived: positions[partition]! }
        })
        .sort((one, other) => one.group.localeCompare(other.group) || one.partition - other.partition),
    }
  }

  #observe(
    { partition, logStart, end, oldestTimestampMs }: LogExtent,
    limits: RetentionLimits,
    sizes: readonly PartitionBytes[],
    atMs: number,
  ): Observed {
    // a look that is not told sizes goes on with those of the last one
    const logBytes = sizes.find((size) => size.partition === partition)?.bytes ?? this.#bytes.get(partition) ?? null
    if (logBytes !== null) this.#bytes.set(partition, logBytes)
    const facts = { logStart, end, limits, logBytes }
    const state = addSample(this.#rates.get(partition) ?? null, { ...facts, atMs, oldestTimestampMs })
    this.#rates.set(partition, state)
    return { facts, oldestTimestampMs, rates: ratesOf(state) }
  }

  /** Only where something is pending, and only by age is the time of a record of use. */
  async #learnTimestamps(places: readonly LogPlace[], observed: readonly Observed[]): Promise<void> {
    const wanted = new Map<string, LogPlace>()
    for (const place of places) {
      const { logStart, end, limits } = observed[place.partition]!.facts
      if (limits.ms !== null && place.offset >= logStart && place.offset < end) wanted.set(nameOf(place), place)
    }
    const kept = [...this.#timestamps].filter(([name, timestampMs]) => wanted.has(name) && timestampMs !== null)
    this.#timestamps = new Map(kept)
    const asked = [...wanted.values()].filter((place) => !this.#timestamps.has(nameOf(place)))
    const told = await this.#retention.timestampsAt(this.info, asked)
    for (const [index, place] of asked.entries()) this.#timestamps.set(nameOf(place), told[index]!)
  }
}

const nameOf = ({ partition, offset }: LogPlace): string => `${partition}/${offset}`
