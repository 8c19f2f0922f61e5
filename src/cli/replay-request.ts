/** What `coldstream replay` was told, as text and numbers. */
export interface ReplayCommandOptions {
  /** A target, or `source=target` for each source, separated by commas. */
  to: string
  id?: string
  from?: string
  until?: string
  /** Offset by partition, as text. */
  fromOffset: Record<string, string>
  untilOffset: Record<string, string>
  partitions?: number[]
  key: string[]
  keyPrefix: string[]
  header: Record<string, string>
  where?: string
  live: boolean
  order: string
  targetPartitions?: number
  recordsPerSecond?: number
  bytesPerSecond?: number
  speed?: number
  upcaster?: string
  stamp: boolean
  dropHeader: string[]
  deadLetters?: string
  maxDeadLetters?: number
  accept: string[]
  dryRun: boolean
}

/** The request that the options stand for, as REST takes it. */
export function toRequest(topics: readonly string[], options: ReplayCommandOptions): object {
  const { id, order, accept } = options
  return withoutEmpty({
    id,
    source: source(topics, options),
    target: { ...target(options.to), ...withoutEmpty({ partitions: options.targetPartitions }) },
    order: order === 'partition' ? undefined : order,
    rate: withoutEmpty({
      recordsPerSecond: options.recordsPerSecond,
      bytesPerSecond: options.bytesPerSecond,
      speed: options.speed,
    }),
    transform: withoutEmpty({
      upcaster: options.upcaster,
      stamp: options.stamp || undefined,
      dropHeaders: options.dropHeader,
      deadLetterTopic: options.deadLetters,
      maxDeadLetters: options.maxDeadLetters,
    }),
    accept,
  })
}

function source(topics: readonly string[], options: ReplayCommandOptions): object {
  const { from, until, fromOffset, untilOffset, partitions, where, live } = options
  return withoutEmpty({
    ...(topics.length === 1 ? { topic: topics[0] } : { topics }),
    partitions,
    time: withoutEmpty({ from: toInstant(from), to: toInstant(until) }),
    offsets: withoutEmpty({ from: fromOffset, to: untilOffset }),
    keys: withoutEmpty({ in: options.key, prefix: options.keyPrefix }),
    headers: Object.entries(options.header).map(([key, value]) => ({ key, value })),
    where,
    to: live ? 'live' : undefined,
  })
}

function target(to: string): object {
  if (!to.includes('=')) return { topic: to }
  const pairs = to.split(',').map((pair) => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return { topics: Object.fromEntries(pairs) }
}

/** A command line knows only text; digits alone are epoch milliseconds. */
function toInstant(text: string | undefined): string | number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : text
}

/** Without what was not said: undefined, and objects and lists with nothing in them. */
function withoutEmpty(members: Record<string, unknown>): Record<string, unknown> {
  const isSaid = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return value !== undefined
    return Object.keys(value).length > 0
  }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => isSaid(value)))
}
