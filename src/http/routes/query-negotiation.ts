import { MEDIA_TYPES, STREAM_FORMATS, type StreamFormat } from '../../query/output/result-format.ts'

/** Short enough for a load balancer, long enough for most questions. */
const DEFAULT_WAIT_SECONDS = 10
const MAX_WAIT_SECONDS = 300

/** What was asked for by name, else the first form of the Accept header that there is. */
export function chooseFormat(
  asked: 'json' | StreamFormat | undefined,
  accept: string | undefined,
): 'json' | StreamFormat {
  if (asked !== undefined) return asked
  for (const range of (accept ?? '').split(',')) {
    const type = range.split(';')[0]!.trim().toLowerCase()
    if (type === 'application/json' || type === '*/*') return 'json'
    const format = STREAM_FORMATS.find((candidate) => MEDIA_TYPES[candidate].split(';')[0] === type)
    if (format !== undefined) return format
  }
  return 'json'
}

/** From the body, else from `Prefer: wait=…` (RFC 7240; `respond-async` alone is 0). */
export function waitSeconds(asked: number | undefined, prefer: string | string[] | undefined): number {
  if (asked !== undefined) return asked
  const preferences = String(prefer ?? '')
  const wait = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})/i.exec(preferences)
  if (wait !== null) return Math.min(MAX_WAIT_SECONDS, Number(wait[1]))
  return /(?:^|[,;\s])respond-async\b/i.test(preferences) ? 0 : DEFAULT_WAIT_SECONDS
}
