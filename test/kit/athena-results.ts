import type { SqlAnswer } from './athena-server.ts'
import { type S3Access, witness } from './s3-server.ts'

/** Writes what Athena leaves in S3 behind a query. */
export interface AthenaResults {
  /** The rows as CSV; its URL. */
  writeRows(location: string, id: string, answer: SqlAnswer): Promise<string>
}

/** Into this store. */
export function resultsIn(access: S3Access): AthenaResults {
  const client = witness(access)
  const write = async (location: string, name: string, content: string): Promise<string> => {
    const url = `${location.replace(/\/$/, '')}/${name}`
    const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url)!
    await client.putObject(bucket!, key!, content)
    return url
  }
  return {
    writeRows: (location, id, answer) => write(location, `${id}.csv`, csv(answer)),
  }
}

/** All values quoted, NULL as nothing. */
function csv({ columns, rows }: SqlAnswer): string {
  const lines = [columns.map(({ name }): string | null => name), ...rows]
  const field = (value: string | null): string => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)
  return lines.map((line) => `${line.map(field).join(',')}\n`).join('')
}
