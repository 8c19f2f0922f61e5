import type { TargetHazard, TargetLoad } from '../../ports/event-log.ts'

const longMax = '9223372036854775807'
/** Bit of Kafka's AclOperation in the authorized operations of a topic (KIP-430). */
const mayWrite = 1 << 4

/** A target as the brokers describe it. */
export interface DescribedTarget {
  topic: string
  config: ReadonlyMap<string, string>
  /** Of the partition that has fewest. */
  replicas: number
  inSyncReplicas: number
  /** Bits of what this client may do; null when brokers do not tell. */
  authorizedOperations: number | null
}

/** The settings that hazards are read from. */
export const hazardSettings: readonly string[] = [
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.difference.max.ms',
  'min.insync.replicas',
]

/**
 * Pure: what a target would do to replayed records. An error where records would be refused or vanish for certain, also
 * where it is not known that they are too young for that; a warning where something else than in the source may come of it.
 */
export function targetHazards(target: DescribedTarget, load: TargetLoad, nowMs: number): TargetHazard[] {
  const found = [
    cleanup(target),
    retentionTime(target, load, nowMs),
    retentionSize(target, load),
    appendTime(target),
    oldTimestamps(target, load, nowMs),
    newTimestamps(target, load, nowMs),
    replicas(target),
    permission(target),
  ]
  return found.filter((hazard) => hazard !== null)
}

function cleanup({ topic, config }: DescribedTarget): TargetHazard | null {
  if (!policies(config).includes('compact')) return null
  return {
    severity: 'error',
    code: 'target-compacted',
    message: `Topic '${topic}' is compacted: all but the last record of each key would be removed`,
    remedy: set(topic, 'cleanup.policy=delete'),
  }
}

/** Kafka judges age by the record's own timestamp, so that a usual topic deletes replayed history within minutes. */
function retentionTime({ topic, config }: DescribedTarget, load: TargetLoad, nowMs: number): TargetHazard | null {
  const limit = config.get('retention.ms')
  if (!policies(config).includes('delete') || limit === undefined || limit === '-1') return null
  const isOld = load.firstTimestampMs === null || nowMs - load.firstTimestampMs >= Number(limit)
  const remedy = set(topic, 'retention.ms=-1')
  if (stamps(config) || !isOld) {
    const message = `Topic '${topic}' deletes records after ${limit} ms: what is replayed will be gone then`
    return { severity: 'warning', code: 'target-retention-time', message, remedy }
  }
  const message = `Topic '${topic}' deletes records older than ${limit} ms by their own timestamp: replayed history would be gone at once`
  return { severity: 'error', code: 'target-retention-time', message, remedy }
}

function retentionSize({ topic, config }: DescribedTarget, load: TargetLoad): TargetHazard | null {
  const limit = config.get('retention.bytes')
  if (!policies(config).includes('delete') || limit === undefined || limit === '-1') return null
  const exceeded = load.partitionBytes !== null && load.partitionBytes > Number(limit)
  return {
    severity: exceeded ? 'error' : 'warning',
    code: 'target-retention-size',
    message: `Topic '${topic}' keeps only ${limit} bytes per partition${exceeded ? `, and ${load.partitionBytes} are to come` : ''}`,
    remedy: set(topic, 'retention.bytes=-1'),
  }
}

function appendTime({ topic, config }: DescribedTarget): TargetHazard | null {
  if (!stamps(config)) return null
  return {
    severity: 'warning',
    code: 'target-append-time',
    message: `Topic '${topic}' stamps records with the broker's time: the original timestamps would be lost`,
    remedy: set(topic, 'message.timestamp.type=CreateTime'),
  }
}

function oldTimestamps({ topic, config }: DescribedTarget, load: TargetLoad, nowMs: number): TargetHazard | null {
  const [setting, limit] = timestampLimit(config, 'before')
  if (stamps(config) || limit === null) return null
  if (load.firstTimestampMs !== null && nowMs - load.firstTimestampMs < limit / 2) return null
  const certain = load.firstTimestampMs === null || nowMs - load.firstTimestampMs >= limit
  return {
    severity: certain ? 'error' : 'warning',
    code: 'target-timestamps-refused',
    message: `Topic '${topic}' refuses records whose timestamp is more than ${limit} ms ago`,
    remedy: set(topic, `${setting}=${longMax}`),
  }
}

/** Only where a record is known to be of the future: a usual topic refuses those from the next hour on. */
function newTimestamps({ topic, config }: DescribedTarget, load: TargetLoad, nowMs: number): TargetHazard | null {
  const [setting, limit] = timestampLimit(config, 'after')
  if (stamps(config) || limit === null || load.lastTimestampMs === null) return null
  if (load.lastTimestampMs - nowMs <= limit) return null
  return {
    severity: 'error',
    code: 'target-timestamps-refused',
    message: `Topic '${topic}' refuses records whose timestamp is more than ${limit} ms ahead, and one of ${new Date(load.lastTimestampMs).toISOString()} is to come`,
    remedy: set(topic, `${setting}=${longMax}`),
  }
}

function replicas({ topic, config, replicas, inSyncReplicas }: DescribedTarget): TargetHazard | null {
  const needed = Number(config.get('min.insync.replicas') ?? 1)
  if (inSyncReplicas >= needed) return null
  const code = 'target-replicas-missing'
  if (replicas < needed) {
    const message = `Topic '${topic}' has ${replicas} replicas and min.insync.replicas=${needed}: it takes no records`
    return { severity: 'error', code, message, remedy: set(topic, `min.insync.replicas=${replicas}`) }
  }
  return {
    severity: 'warning',
    code,
    message: `A partition of topic '${topic}' has only ${inSyncReplicas} replicas in sync and needs ${needed}: it takes no records now`,
    remedy: 'Look at the brokers: some are down or behind.',
  }
}

function permission({ topic, authorizedOperations }: DescribedTarget): TargetHazard | null {
  if (authorizedOperations === null || (authorizedOperations & mayWrite) !== 0) return null
  return {
    severity: 'error',
    code: 'target-write-denied',
    message: `This client may not write to topic '${topic}'`,
    remedy: `Allow it: kafka-acls --add --allow-principal <user> --operation Write --topic ${topic}`,
  }
}

function policies(config: ReadonlyMap<string, string>): string[] {
  return (config.get('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim())
}

/** Whether the broker gives each record its own time. */
function stamps(config: ReadonlyMap<string, string>): boolean {
  return config.get('message.timestamp.type') === 'LogAppendTime'
}

/** The setting that limits timestamps, and the limit in ms; null for none. */
function timestampLimit(config: ReadonlyMap<string, string>, side: 'before' | 'after'): [string, number | null] {
  // Brokers before 3.6 have one setting for both sides.
  const own = `message.timestamp.${side}.max.ms`
  const setting = config.has(own) ? own : 'message.timestamp.difference.max.ms'
  const limit = config.get(setting)
  return [setting, limit === undefined || limit === longMax ? null : Number(limit)]
}

function set(topic: string, setting: string): string {
  return `Set it: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config ${setting}; or replay into a new topic.`
}
