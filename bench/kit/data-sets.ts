/** What a benchmark's topic holds; always the same records at the same offsets. */
export interface DataSet {
  /** What a reader of the figures should know. */
  description: string
  /** How a record looks; the producer (`bench/peers/produce.py`) knows each shape. */
  shape: 'orders' | 'tenants' | 'hour-keys' | 'kb' | 'tiny'
  /** How the producer compresses. */
  codec: 'none' | 'lz4'
  partitions: number
  /** Hours of record time that the records spread over. */
  hours: number
  /** Each partition's records go round the hours, so that all stay open, instead of coming in the order of time. */
  interleaved?: boolean
}

const orders = { shape: 'orders', partitions: 8, hours: 2 } as const

/** The data sets of `npm run bench:capture`, by the name that `--data` takes. */
export const dataSets: Readonly<Record<string, DataSet>> = {
  'orders-none': {
    ...orders,
    description: 'JSON orders of about 190 bytes, a key, two headers; not compressed; 8 partitions, 2 hours',
    codec: 'none',
  },
  'orders-lz4': {
    ...orders,
    description: 'JSON orders of about 190 bytes, a key, two headers; lz4; 8 partitions, 2 hours',
    codec: 'lz4',
  },
  kb: {
    ...orders,
    description: 'orders with free text, 1,024 bytes, a key, two headers; lz4; 8 partitions, 2 hours',
    shape: 'kb',
    codec: 'lz4',
  },
  tiny: {
    ...orders,
    description: 'readings of 20 bytes, a key of 8 bytes, no headers; lz4; 8 partitions, 2 hours',
    shape: 'tiny',
    codec: 'lz4',
  },
  'partitions-200': {
    ...orders,
    description: 'JSON orders, lz4; 200 partitions, 2 hours',
    codec: 'lz4',
    partitions: 200,
  },
  'hours-72': { ...orders, description: 'JSON orders, lz4; 8 partitions, 72 small hours', codec: 'lz4', hours: 72 },
}
