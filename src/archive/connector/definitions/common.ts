import { defineGroup } from '../definition.ts'

const bytes = 'keys, values and headers are archived as the bytes they are'
const cluster = 'brokers and how to reach them are configured for the whole service (kafka.* in docs/configuration.md)'
const untouched =
  'records are archived as they are; change them where they are produced, in a query, or in the application that reads a replay'

/** Properties that Kafka Connect gives every sink. https://kafka.apache.org/documentation/#sinkconnectconfigs */
export const commonProperties = [
  ...defineGroup('Common', [
    [
      'name',
      'STRING',
      'same',
      'also names the consumer group, `connect-<name>`, for lag tools',
      { importance: 'HIGH', required: true },
    ],
    [
      'connector.class',
      'CLASS',
      'same',
      'Coldstream takes the place of the S3 sink and of no other connector',
      {
        importance: 'HIGH',
        default: 'io.confluent.connect.s3.S3SinkConnector',
        values: ['io.confluent.connect.s3.S3SinkConnector', 'S3Sink'],
      },
    ],
    [
      'tasks.max',
      'INT',
      'different',
      'tasks are threads of one instance; without it as many as are configured (the sink: 1)',
      { importance: 'HIGH' },
    ],
    ['tasks.max.enforce', 'BOOLEAN', 'ignored', 'there are never more tasks than tasks.max says'],
    ['topics', 'LIST', 'same', 'names, separated by commas; this or topics.regex', { importance: 'HIGH' }],
    [
      'topics.regex',
      'STRING',
      'different',
      'a Java regular expression for the whole name; what JavaScript’s cannot do (possessive quantifiers, inline flags, \\Q…\\E, \\p{…}, class intersection) is refused',
      { importance: 'HIGH' },
    ],
    ['config.action.reload', 'STRING', 'ignored', 'a reference is looked up when the capture is opened'],
    ['key.converter', 'CLASS', 'ignored', bytes],
    ['key.converter.*', 'STRING', 'ignored', bytes],
    ['value.converter', 'CLASS', 'ignored', bytes],
    ['value.converter.*', 'STRING', 'ignored', bytes],
    ['header.converter', 'CLASS', 'ignored', bytes],
    ['header.converter.*', 'STRING', 'ignored', bytes],
  ]),
  ...defineGroup('Transforms', [
    ['transforms', 'LIST', 'refused', untouched],
    ['transforms.*', 'STRING', 'refused', untouched],
    ['predicates', 'LIST', 'refused', untouched],
    ['predicates.*', 'STRING', 'refused', untouched],
  ]),
  ...defineGroup('Error Handling', [
    [
      'errors.tolerance',
      'STRING',
      'same',
      '`none`: the partition stops at a record that cannot be archived; `all`: the record becomes a gap with its reason',
      { importance: 'MEDIUM', default: 'none', values: ['none', 'all'] },
    ],
    [
      'errors.deadletterqueue.topic.name',
      'STRING',
      'same',
      'with errors.tolerance=all: gets the records that cannot be archived',
      { importance: 'MEDIUM' },
    ],
    [
      'errors.deadletterqueue.topic.replication.factor',
      'INT',
      'ignored',
      'the topic is not created here: create it beforehand',
    ],
    [
      'errors.deadletterqueue.context.headers.enable',
      'BOOLEAN',
      'ignored',
      'headers that say where a record comes from, and why it is there, are always added',
    ],
    [
      'errors.retry.timeout',
      'LONG',
      'ignored',
      'a broker or store that is out of reach is tried again without end, with growing pauses',
    ],
    ['errors.retry.delay.max.ms', 'LONG', 'ignored', 'pauses between attempts grow to one minute'],
    ['errors.log.enable', 'BOOLEAN', 'ignored', 'every error is logged'],
    ['errors.log.include.messages', 'BOOLEAN', 'ignored', 'what a record holds is never logged'],
  ]),
  ...defineGroup('Client', [
    [
      'consumer.override.auto.offset.reset',
      'STRING',
      'same',
      'an archive begins with the first record that the broker has; to begin later, stop the connector and alter its offsets',
      { default: 'earliest', values: ['earliest'] },
    ],
    [
      'consumer.override.isolation.level',
      'STRING',
      'same',
      'records of aborted transactions are never archived',
      { default: 'read_committed', values: ['read_committed'] },
    ],
    ['consumer.override.bootstrap.servers', 'STRING', 'refused', cluster],
    ['consumer.override.security.protocol', 'STRING', 'refused', cluster],
    ['consumer.override.group.id', 'STRING', 'refused', 'the group is connect-<name>'],
    ['consumer.override.sasl.*', 'STRING', 'refused', cluster],
    ['consumer.override.ssl.*', 'STRING', 'refused', cluster],
    ['consumer.override.*', 'STRING', 'ignored', 'fetching is tuned by itself'],
    ['producer.override.*', 'STRING', 'ignored', 'this is not Kafka’s Java producer'],
    ['admin.override.*', 'STRING', 'ignored', 'this is not Kafka’s Java client'],
  ]),
]
