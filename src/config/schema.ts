import { type Static, Type } from 'typebox'
import { athena } from './athena-schema.ts'
import { headroom } from './headroom-schema.ts'
import { kafka } from './kafka-schema.ts'
import { replay } from './replay-schema.ts'
import { bytes, GiB, MiB, section, text } from './schema-parts.ts'
import { trino } from './trino-schema.ts'

const store = section('Where the archive is kept.', {
  url: Type.String({
    description:
      'A folder (a path or `file:///path`), or `s3://bucket` or `s3://bucket/prefix`. Where it is not set, a connector may name its own bucket.',
    default: './coldstream-archive',
    pattern: '^(?!s3:|file:)|^s3://[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9](/[^?#]*)?$|^file:///[^?#]*$',
    expected: 'a path, file:///path or s3://bucket/prefix',
    path: true,
    minLength: 1,
    env: 'COLDSTREAM_STORE',
  }),
  s3: section(
    'How to reach an S3 store. What is not set is asked of the AWS default chain (environment, profile, role).',
    {
      endpoint: Type.Optional(
        Type.String({
          description: 'URL of a store that is not AWS: `https://host:port`.',
          pattern: String.raw`^https?://[^@\s?#]+$`,
          expected: 'an http or https URL without credentials',
          env: 'COLDSTREAM_S3_ENDPOINT',
        }),
      ),
      region: text({ description: "The bucket's region.", env: 'COLDSTREAM_S3_REGION' }),
      accessKeyId: text({ description: 'Goes with `secretAccessKey`.', env: 'COLDSTREAM_S3_ACCESS_KEY_ID' }),
      secretAccessKey: text({
        description: 'Goes with `accessKeyId`.',
        secret: true,
        env: 'COLDSTREAM_S3_SECRET_ACCESS_KEY',
      }),
      sessionToken: text({
        description: 'Of temporary credentials.',
        secret: true,
        env: 'COLDSTREAM_S3_SESSION_TOKEN',
      }),
      forcePathStyle: Type.Optional(
        Type.Boolean({
          description: 'Address a bucket as `endpoint/bucket` instead of `bucket.endpoint`.',
          defaultText: 'true if `endpoint` is set',
          env: 'COLDSTREAM_S3_FORCE_PATH_STYLE',
        }),
      ),
    },
  ),
})

const capture = section('Capture of topics into the archive.', {
  memoryMaxBytes: bytes({
    description:
      'Records that are held until their segments close, of all captures of the process; beyond it the largest segments close early.',
    default: 256 * MiB,
    minimum: 16 * MiB,
    env: 'COLDSTREAM_CAPTURE_MEMORY_MAX_BYTES',
  }),
  threads: Type.Optional(
    Type.Integer({
      description:
        'Threads that all captures of the process share. A capture divides its partitions over them, `tasks.max` at most.',
      minimum: 1,
      maximum: 256,
      defaultText: 'one per core',
      env: 'COLDSTREAM_CAPTURE_THREADS',
    }),
  ),
  topicRefreshMs: Type.Integer({
    description: 'Milliseconds between two looks for new topics of `topics.regex`.',
    default: 30_000,
    minimum: 100,
    maximum: 86_400_000,
    env: 'COLDSTREAM_CAPTURE_TOPIC_REFRESH_MS',
  }),
})

const connect = section('Connectors that are created by REST and kept in the archive.', {
  pollIntervalMs: Type.Integer({
    description: 'Milliseconds between two looks at what other instances have changed.',
    default: 5_000,
    minimum: 100,
    maximum: 3_600_000,
    env: 'COLDSTREAM_CONNECT_POLL_INTERVAL_MS',
  }),
})

const queries = section("SQL templates besides Coldstream's own.", {
  folder: text({ description: 'Folder of `*.sql` templates.', path: true, env: 'COLDSTREAM_QUERIES_FOLDER' }),
})

const query = section('SQL queries: which engine runs them, their limits, and what is kept of them.', {
  engine: Type.Enum(['duckdb', 'trino', 'athena'], {
    description: 'Engine of queries that name none; `trino` and `athena` need their section.',
    default: 'duckdb',
    env: 'COLDSTREAM_QUERY_ENGINE',
  }),
  maxRows: bytes({
    description: 'Rows of a result; more are cut, and the result says so.',
    default: 10_000,
    minimum: 1,
    env: 'COLDSTREAM_QUERY_MAX_ROWS',
  }),
  maxResultBytes: bytes({
    description: 'Bytes of a result; more are cut, and the result says so.',
    default: 64 * MiB,
    minimum: 1024,
    env: 'COLDSTREAM_QUERY_MAX_RESULT_BYTES',
  }),
  timeoutMs: Type.Integer({
    description: 'Milliseconds a query may take.',
    default: 60_000,
    minimum: 1,
    maximum: 86_400_000,
    env: 'COLDSTREAM_QUERY_TIMEOUT_MS',
  }),
  maxMemoryBytes: bytes({
    description: 'Memory of one query.',
    default: GiB,
    minimum: 64 * MiB,
    env: 'COLDSTREAM_QUERY_MAX_MEMORY_BYTES',
  }),
  maxSpillBytes: bytes({
    description: 'Temporary files of one query, for what does not fit into memory.',
    default: 4 * GiB,
    minimum: 0,
    env: 'COLDSTREAM_QUERY_MAX_SPILL_BYTES',
  }),
  trino,
  threads: Type.Optional(
    Type.Integer({
      description: 'Threads of one query.',
      minimum: 1,
      maximum: 1024,
      defaultText: 'one per core',
      env: 'COLDSTREAM_QUERY_THREADS',
    }),
  ),
  maxRunning: Type.Integer({
    description: 'Queries that run at a time.',
    default: 2,
    minimum: 1,
    maximum: 1000,
    env: 'COLDSTREAM_QUERY_MAX_RUNNING',
  }),
  maxWaiting: Type.Integer({
    description: 'Queries that wait for their turn; more are refused.',
    default: 20,
    minimum: 0,
    maximum: 100_000,
    env: 'COLDSTREAM_QUERY_MAX_WAITING',
  }),
  maxRunningPerKey: Type.Optional(
    Type.Integer({
      description: 'Queries of one API key that run or wait at a time on an instance.',
      minimum: 1,
      maximum: 100_000,
      env: 'COLDSTREAM_QUERY_MAX_RUNNING_PER_KEY',
    }),
  ),
  maxBytesPerKeyAndDay: Type.Optional(
    Type.Integer({
      description: 'Bytes that the queries of one API key may read between two midnights (UTC); then they are refused.',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      env: 'COLDSTREAM_QUERY_MAX_BYTES_PER_KEY_AND_DAY',
    }),
  ),
  resultsKeepMs: Type.Integer({
    description: 'Milliseconds for which results of queries are kept.',
    default: 24 * 3_600_000,
    minimum: 1000,
    maximum: 365 * 86_400_000,
    env: 'COLDSTREAM_QUERY_RESULTS_KEEP_MS',
  }),
  resultsMaxBytes: bytes({
    description: 'Bytes of all kept results; beyond it the oldest go early.',
    default: GiB,
    minimum: 0,
    env: 'COLDSTREAM_QUERY_RESULTS_MAX_BYTES',
  }),
  historyMaxRuns: Type.Integer({
    description: 'Queries that the history remembers.',
    default: 1000,
    minimum: 1,
    maximum: 100_000,
    env: 'COLDSTREAM_QUERY_HISTORY_MAX_RUNS',
  }),
  cacheFolder: text({
    description: 'Where segments of an S3 archive are kept for queries.',
    path: true,
    defaultText: "`coldstream` in the user's cache folder",
    env: 'COLDSTREAM_QUERY_CACHE_FOLDER',
  }),
  cacheMaxBytes: bytes({
    description: 'Size of that cache. A query that needs more is refused.',
    default: 10 * GiB,
    minimum: MiB,
    env: 'COLDSTREAM_QUERY_CACHE_MAX_BYTES',
  }),
  athena,
})

const http = section('The REST API of `coldstream serve`.', {
  host: Type.String({
    description: 'Address to listen on. Beyond loopback only with API keys.',
    default: '127.0.0.1',
    minLength: 1,
    env: 'COLDSTREAM_HTTP_HOST',
  }),
  port: Type.Integer({
    description: 'Port to listen on; 0 takes a free one.',
    default: 8080,
    minimum: 0,
    maximum: 65535,
    env: 'COLDSTREAM_HTTP_PORT',
  }),
  apiKeys: Type.Array(
    section('A key that may call the API.', {
      name: Type.String({ description: 'Who uses it.', minLength: 1 }),
      sha256: Type.String({
        description: 'SHA-256 of the key in hex: `printf %s "$KEY" | sha256sum`.',
        pattern: '^[0-9a-f]{64}$',
        expected: 'the SHA-256 of the key, 64 hex digits in lower case',
        secret: true,
      }),
    }),
    {
      description:
        'Keys of which every call but the probes needs one. In the variable as `name=sha256`, separated by commas.',
      default: [],
      env: 'COLDSTREAM_HTTP_API_KEYS',
    },
  ),
})

const log = section('The log, on standard error.', {
  level: Type.Enum(['debug', 'info', 'warn', 'error', 'silent'], {
    description: 'The least that is logged by `serve` and with `--verbose`.',
    default: 'info',
    env: 'COLDSTREAM_LOG_LEVEL',
  }),
})

/** All that can be configured, with what the reference says about it. */
export const configSchema = Type.Object(
  { kafka, store, capture, connect, headroom, replay, queries, query, http, log },
  { additionalProperties: false },
)

/** The settings as they are written, defaults filled in. */
export type Settings = Static<typeof configSchema>
