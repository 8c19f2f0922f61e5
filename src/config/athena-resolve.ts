import type { Problem } from './problems.ts'
import type { Settings } from './schema.ts'
import type { Config } from './shape.ts'

/** The `query.athena` section as its engine takes it, null without a workgroup; notes what does not go together. */
export function athenaOf(
  settings: Settings['query']['athena'],
  s3: Settings['store']['s3'],
  problems: Problem[],
): Config['query']['athena'] {
  const { workgroup, accessKeyId, secretAccessKey, sessionToken, ...others } = settings
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    problems.push({
      where: 'query.athena',
      message: 'accessKeyId and secretAccessKey go together, only one of them is set',
    })
  }
  if (workgroup === undefined) return null
  return {
    workgroup,
    database: others.database,
    catalog: others.catalog,
    pricePerTb: others.pricePerTb,
    outputLocation: others.outputLocation ?? null,
    region: others.region ?? null,
    endpoint: others.endpoint ?? null,
    reuseMaxAgeMinutes: others.reuseMaxAgeMinutes ?? null,
    maxScannedBytes: others.maxScannedBytes ?? null,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? null
        : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    results: { endpoint: s3.endpoint ?? null, forcePathStyle: s3.forcePathStyle ?? s3.endpoint !== undefined },
  }
}
