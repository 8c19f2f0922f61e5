import { Counter, Gauge, type Registry } from 'prom-client'
import { type Headroom, severity } from '../../archive/headroom/headroom.ts'
import type { GroupHeadroom, PartitionHeadroom } from '../../archive/headroom/report.ts'
import type { Services } from '../../services.ts'

/** What the last look found; nothing before the first. Names and units are listed in docs/operations.md. */
export function headroomMetrics(registry: Registry, services: Services): void {
  partitionGauges(registry, services)
  lostOffsets(registry, services)
  groupGauges(registry, services)
  new Gauge({
    name: 'coldstream_headroom_look_timestamp_seconds',
    help: 'When headroom was last looked at, seconds since the epoch.',
    registers: [registry],
    collect() {
      this.reset()
      const { latest } = services.headroom
      if (latest !== null) this.set(latest.atMs / 1000)
    },
  })
  new Counter({
    name: 'coldstream_alert_deliveries_total',
    help: 'Messages to the webhook by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset()
      const counts = services.headroom.deliveries
      if (counts === null) return
      for (const outcome of ['delivered', 'failed', 'dropped'] as const) this.inc({ outcome }, counts[outcome])
    },
  })
  new Counter({
    name: 'coldstream_alert_delivery_failed_attempts_total',
    help: 'Attempts to reach the webhook that failed, also those that were made good.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(services.headroom.deliveries?.failedAttempts ?? 0)
    },
  })
}

function partitionGauges(registry: Registry, services: Services): void {
  const gauge = (name: string, help: string, value: (partition: PartitionHeadroom) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['topic', 'partition'],
      registers: [registry],
      collect() {
        this.reset()
        for (const partition of services.headroom.latest?.topics.flatMap(({ partitions }) => partitions) ?? []) {
          this.set({ topic: partition.topic, partition: String(partition.partition) }, value(partition))
        }
      },
    })
  }
  gauge('coldstream_headroom_seconds', 'Until data that is not archived may be deleted; +Inf: never.', seconds)
  gauge('coldstream_headroom_ratio', 'Share of retention left for the first record not archived.', ratio)
  gauge('coldstream_headroom_level', '0 ok, 1 warn, 2 critical, 3 lost.', ({ level }) => severity(level))
  gauge('coldstream_headroom_pending_records', 'Offsets not archived yet.', ({ pendingRecords }) =>
    Number(pendingRecords),
  )
}

function lostOffsets(registry: Registry, services: Services): void {
  new Counter({
    name: 'coldstream_headroom_lost_offsets_total',
    help: 'Offsets that retention deleted before they were archived, as far as data-lost told of them.',
    labelNames: ['topic', 'partition'],
    registers: [registry],
    collect() {
      this.reset()
      const { latest, lostOffsets: lost } = services.headroom
      // from 0 on, so that a first loss is an increase
      for (const { topic, partition } of latest?.topics.flatMap(({ partitions }) => partitions) ?? []) {
        this.inc({ topic, partition: String(partition) }, 0)
      }
      for (const { topic, partition, offsets } of lost)
        this.inc({ topic, partition: String(partition) }, Number(offsets))
    },
  })
}

function groupGauges(registry: Registry, services: Services): void {
  const gauge = (name: string, help: string, value: (group: GroupHeadroom) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['group', 'topic', 'partition'],
      registers: [registry],
      collect() {
        this.reset()
        for (const at of services.headroom.latest?.topics.flatMap(({ groups }) => groups) ?? []) {
          this.set({ group: at.group, topic: at.topic, partition: String(at.partition) }, value(at))
        }
      },
    })
  }
  gauge('coldstream_group_lag_records', 'Offsets of an archived topic that a group has not read yet.', (group) =>
    Number(group.pendingRecords + group.lostRecords),
  )
  gauge(
    'coldstream_group_headroom_seconds',
    'Until the broker may delete what a group has not read; +Inf: never.',
    seconds,
  )
  gauge('coldstream_group_headroom_ratio', 'Share of retention left for the first record a group has not read.', ratio)
  gauge('coldstream_group_headroom_level', '0 ok, 1 warn, 2 critical, 3 lost.', ({ level }) => severity(level))
}

function seconds({ timeToLossMs }: Headroom): number {
  return timeToLossMs === null ? Number.POSITIVE_INFINITY : timeToLossMs / 1000
}

function ratio({ shareLeft }: Headroom): number {
  return shareLeft ?? 1
}
