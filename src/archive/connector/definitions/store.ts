import { defineGroup } from '../definition.ts'

const upload = 'a segment is stored by one request, which is tried again with growing pauses'
const otherFormat = 'it concerns a format that the archive is not written in'
const proxy = 'requests would not go through the proxy; name an endpoint that can be reached by store.url'
const encryption = 'set default encryption on the bucket, which holds for whoever writes to it, and leave this out'
const credentials =
  'credentials are those of aws.access.key.id, of the configuration (store.s3.*), or of the AWS default chain, where a profile may assume a role'

/** Properties of the sink that concern the object store. */
export const storeProperties = [
  ...defineGroup('Storage', [
    [
      'storage.class',
      'CLASS',
      'same',
      'the archive may lie in S3 (by these properties) or elsewhere (by configuration)',
      {
        importance: 'HIGH',
        default: 'io.confluent.connect.s3.storage.S3Storage',
        values: ['io.confluent.connect.s3.storage.S3Storage'],
      },
    ],
    [
      'topics.dir',
      'STRING',
      'same',
      'not a folder of the archive’s own books (log, catalog, connectors, replays, …)',
      { importance: 'HIGH', default: 'topics' },
    ],
    ['store.url', 'STRING', 'same', 'endpoint of a store that is not AWS, without credentials', { importance: 'HIGH' }],
    ['directory.delim', 'STRING', 'same', 'paths of objects are divided by slashes', { default: '/', values: ['/'] }],
    ['file.delim', 'STRING', 'same', 'names of segments are topic+partition+offset', { default: '+', values: ['+'] }],
  ]),
  ...defineGroup('S3', [
    [
      's3.bucket.name',
      'STRING',
      'different',
      'names the store, unless configuration names another; required only with other store properties',
      { importance: 'HIGH' },
    ],
    [
      's3.region',
      'STRING',
      'different',
      'without it as the AWS default chain says (the sink: us-west-2)',
      { importance: 'MEDIUM' },
    ],
    [
      'aws.access.key.id',
      'STRING',
      'same',
      `goes with aws.secret.access.key; \${env:NAME} takes it from the environment`,
      { importance: 'HIGH' },
    ],
    [
      'aws.secret.access.key',
      'PASSWORD',
      'different',
      `by REST only as \${env:NAME}: configurations are kept in the archive, secrets are not`,
      { importance: 'HIGH' },
    ],
    [
      's3.path.style.access.enabled',
      'BOOLEAN',
      'different',
      'without it on where store.url is set, else off (the sink: on)',
    ],
    [
      's3.credentials.provider.class',
      'CLASS',
      'same',
      credentials,
      {
        default: 'software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider',
        values: [
          'software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider',
          'com.amazonaws.auth.DefaultAWSCredentialsProviderChain',
        ],
      },
    ],
    ['s3.credentials.provider.*', 'STRING', 'refused', credentials],
    [
      's3.ssea.name',
      'STRING',
      'same',
      `${encryption}; AES256 is what S3 does by itself`,
      { default: 'AES256', values: ['AES256'] },
    ],
    ['s3.sse.kms.key.id', 'STRING', 'refused', encryption],
    [
      's3.sse.customer.key',
      'PASSWORD',
      'refused',
      'engines that read the archive would need the key; use default encryption of the bucket',
    ],
    [
      's3.acl.canned',
      'STRING',
      'same',
      'grant access by a bucket policy and let the bucket own its objects (S3 Object Ownership)',
      { default: 'private', values: ['private'] },
    ],
    ['s3.object.tagging', 'BOOLEAN', 'ignored', 'offsets and counts are in the file’s footer and in the commit log'],
    ['s3.object.tagging.key.value.pairs', 'LIST', 'ignored', 'objects get no tags; lifecycle rules can go by prefix'],
    ['s3.object.behavior.on.tagging.error', 'STRING', 'ignored', 'objects get no tags'],
    ['s3.proxy.url', 'STRING', 'refused', proxy],
    ['s3.proxy.user', 'STRING', 'refused', proxy],
    ['s3.proxy.password', 'PASSWORD', 'refused', proxy],
    [
      's3.schema.partition.affix.type',
      'STRING',
      'same',
      'paths do not hold names of schemas',
      { default: 'NONE', values: ['NONE'] },
    ],
    ['enable.conditional.writes', 'BOOLEAN', 'ignored', 'every write is conditional'],
    ['s3.part.size', 'INT', 'ignored', upload, { importance: 'HIGH' }],
    ['s3.part.retries', 'INT', 'ignored', upload],
    ['s3.retry.backoff.ms', 'LONG', 'ignored', upload],
    ['s3.send.digest', 'BOOLEAN', 'ignored', 'the checksum of every segment is kept in the commit log'],
    ['s3.http.send.expect.continue', 'BOOLEAN', 'ignored', upload],
    ['s3.elastic.buffer.enable', 'BOOLEAN', 'ignored', 'buffers grow with what they hold'],
    ['s3.elastic.buffer.init.capacity', 'INT', 'ignored', 'buffers grow with what they hold'],
    ['s3.wan.mode', 'BOOLEAN', 'ignored', 'name the accelerated endpoint by store.url if it is wanted'],
    ['s3.compression.type', 'STRING', 'ignored', 'pages inside the Parquet file are compressed, see parquet.codec'],
    ['s3.compression.level', 'INT', 'ignored', 'pages inside the Parquet file are compressed, see parquet.codec'],
    ['json.decimal.format', 'STRING', 'ignored', otherFormat],
    ['format.bytearray.extension', 'STRING', 'ignored', otherFormat],
    ['format.bytearray.separator', 'STRING', 'ignored', otherFormat],
  ]),
]
