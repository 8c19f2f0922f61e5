import { defineGroup } from '../definition.ts'

const avro = 'it concerns Avro data; the archive holds keys and values as the bytes they are'
const otherFormat = 'it concerns a format that the archive is not written in'
const stored = 'keys and headers are always archived, in the same file'

/** Properties of the sink that decide what files hold, when they close and where they lie. */
export const fileProperties = [
  ...defineGroup('Connector', [
    [
      'format.class',
      'CLASS',
      'same',
      'the archive is Parquet',
      {
        importance: 'HIGH',
        default: 'io.confluent.connect.s3.format.parquet.ParquetFormat',
        values: ['io.confluent.connect.s3.format.parquet.ParquetFormat'],
      },
    ],
    [
      'parquet.codec',
      'STRING',
      'different',
      'zstd unless said otherwise (the sink: snappy); lz4, brotli and lzo are refused',
      { default: 'zstd', values: ['zstd', 'snappy', 'gzip', 'none'] },
    ],
    [
      'flush.size',
      'INT',
      'different',
      'records in one segment; may be left out (the sink requires it)',
      { importance: 'HIGH' },
    ],
    [
      'rotate.interval.ms',
      'LONG',
      'different',
      'span of record time; a record of another hour does not by itself close a file',
      { importance: 'HIGH', default: '-1' },
    ],
    [
      'rotate.schedule.interval.ms',
      'LONG',
      'different',
      'wall clock since the first record; it is not aligned to midnight and needs no timezone (the sink requires one)',
      { importance: 'MEDIUM', default: '-1' },
    ],
    [
      'rotate.idle.ms',
      'LONG',
      'own',
      'wall clock without a record; without it one minute, or rotate.interval.ms if that is shorter (the sink leaves an idle topic’s last file open)',
    ],
    [
      'segment.max.bytes',
      'LONG',
      'own',
      'memory that the open segments of a partition may hold',
      { default: '134217728' },
    ],
    [
      'rotate.file.on.partition.change',
      'BOOLEAN',
      'ignored',
      'hours are open side by side, late records close nothing',
    ],
    [
      'filename.offset.zero.pad.width',
      'INT',
      'same',
      'names of segments hold ten digits',
      { default: '10', values: ['10'] },
    ],
    ['partitioner.max.open.files', 'INT', 'ignored', 'segment.max.bytes bounds what is open'],
    ['max.write.duration.ms', 'LONG', 'ignored', 'writing does not keep a member from its group'],
    ['retry.backoff.ms', 'LONG', 'ignored', 'pauses between attempts grow by themselves'],
    ['shutdown.timeout.ms', 'LONG', 'ignored', 'there is no Hive metastore to wait for'],
    ['schema.cache.size', 'INT', 'ignored', avro],
    ['enhanced.avro.schema.support', 'BOOLEAN', 'ignored', avro],
    ['connect.meta.data', 'BOOLEAN', 'ignored', avro],
    ['allow.optional.map.keys', 'BOOLEAN', 'ignored', avro],
    ['avro.codec', 'STRING', 'ignored', otherFormat],
  ]),
  ...defineGroup('Schema', [
    [
      'schema.compatibility',
      'STRING',
      'ignored',
      'keys and values are archived as bytes, a schema change closes no file',
    ],
  ]),
  ...defineGroup('Keys and Headers', [
    ['store.kafka.keys', 'BOOLEAN', 'ignored', stored],
    ['store.kafka.headers', 'BOOLEAN', 'ignored', stored],
    ['keys.format.class', 'CLASS', 'ignored', stored],
    ['headers.format.class', 'CLASS', 'ignored', stored],
    [
      'behavior.on.null.values',
      'STRING',
      'different',
      'tombstones are rows unless said otherwise (the sink: fail); with `ignore` they are gaps with that reason',
      { default: 'write', values: ['write', 'ignore', 'fail'] },
    ],
    [
      'tombstone.encoded.partition',
      'STRING',
      'ignored',
      'a tombstone is filed by its own timestamp, among the other records',
    ],
    ['report.null.values.to.dlq', 'BOOLEAN', 'ignored', 'a tombstone is no error'],
  ]),
  ...defineGroup('Partitioner', [
    [
      'partitioner.class',
      'CLASS',
      'different',
      'the archive is partitioned by time; the sink’s other partitioners are refused',
      {
        importance: 'HIGH',
        default: 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
        values: ['TimeBasedPartitioner', 'HourlyPartitioner', 'DailyPartitioner'].map(
          (name) => `io.confluent.connect.storage.partitioner.${name}`,
        ),
      },
    ],
    [
      'partition.field.name',
      'LIST',
      'refused',
      'the archive is partitioned by time, not by fields; select by them in SQL',
    ],
    [
      'partition.duration.ms',
      'LONG',
      'different',
      'without it the finest field of the path; wider than the path can tell apart is refused',
      { importance: 'MEDIUM' },
    ],
    [
      'path.format',
      'STRING',
      'different',
      'fields yyyy MM dd HH mm ss; YYYY, Joda’s week-year, is read as the year: that is what is meant',
      { importance: 'MEDIUM', default: "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH" },
    ],
    ['locale', 'STRING', 'ignored', 'paths hold digits only'],
    [
      'timezone',
      'STRING',
      'different',
      'may be left out (the sink requires it)',
      { importance: 'MEDIUM', default: 'UTC' },
    ],
    [
      'timestamp.extractor',
      'STRING',
      'different',
      'the record’s time unless said otherwise; Wallclock, the sink’s default, is refused: what cannot be reproduced cannot be exactly once',
      { importance: 'MEDIUM', default: 'Record', values: ['Record', 'RecordField'] },
    ],
    [
      'timestamp.field',
      'STRING',
      'different',
      'for JSON values, dots go into objects; a tombstone is filed by its own timestamp',
      { importance: 'MEDIUM' },
    ],
  ]),
]
