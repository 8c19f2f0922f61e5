import { Type } from 'typebox'
import { section, text } from './schema-parts.ts'

/** How to reach Athena, and what a query there may cost. */
export const athena = section('Amazon Athena as the engine of queries; see [athena.md](athena.md).', {
  workgroup: text({
    description: 'Workgroup whose settings and limits count. Without it there is no such engine.',
    env: 'COLDSTREAM_ATHENA_WORKGROUP',
  }),
  database: Type.String({
    description: 'Database of the tables that a statement names without one.',
    default: 'events',
    minLength: 1,
    env: 'COLDSTREAM_ATHENA_DATABASE',
  }),
  catalog: Type.String({
    description: 'Data catalog of that database.',
    default: 'AwsDataCatalog',
    minLength: 1,
    env: 'COLDSTREAM_ATHENA_CATALOG',
  }),
  outputLocation: Type.Optional(
    Type.String({
      description: 'Where results are written.',
      defaultText: "the workgroup's own",
      pattern: '^s3://[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9](/[^?#]*)?$',
      expected: 's3://bucket or s3://bucket/prefix',
      env: 'COLDSTREAM_ATHENA_OUTPUT_LOCATION',
    }),
  ),
  region: text({ description: 'Region of workgroup and tables.', env: 'COLDSTREAM_ATHENA_REGION' }),
  endpoint: Type.Optional(
    Type.String({
      description: 'URL of an endpoint that is not the public one of the region.',
      pattern: String.raw`^https?://[^@\s?#]+$`,
      expected: 'an http or https URL without credentials',
      env: 'COLDSTREAM_ATHENA_ENDPOINT',
    }),
  ),
  accessKeyId: text({
    description:
      'Goes with `secretAccessKey`; without both the AWS default chain is asked (environment, profile, role).',
    env: 'COLDSTREAM_ATHENA_ACCESS_KEY_ID',
  }),
  secretAccessKey: text({
    description: 'Goes with `accessKeyId`.',
    secret: true,
    env: 'COLDSTREAM_ATHENA_SECRET_ACCESS_KEY',
  }),
  sessionToken: text({
    description: 'Of temporary credentials.',
    secret: true,
    env: 'COLDSTREAM_ATHENA_SESSION_TOKEN',
  }),
  reuseMaxAgeMinutes: Type.Optional(
    Type.Integer({
      description: 'A result of the same statement that is not older is taken again, at no cost.',
      minimum: 1,
      maximum: 10_080,
      defaultText: 'every query is run',
      env: 'COLDSTREAM_ATHENA_REUSE_MAX_AGE_MINUTES',
    }),
  ),
  maxScannedBytes: Type.Optional(
    Type.Integer({
      description: 'Bytes that one query may scan; one that is seen to scan more is stopped.',
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      defaultText: "the workgroup's own limit alone",
      env: 'COLDSTREAM_ATHENA_MAX_SCANNED_BYTES',
    }),
  ),
  pricePerTb: Type.Number({
    description: 'US dollars for a terabyte scanned, for the costs that are told.',
    default: 5,
    minimum: 0,
    maximum: 1000,
    env: 'COLDSTREAM_ATHENA_PRICE_PER_TB',
  }),
})
