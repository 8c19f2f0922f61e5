import type { Alert } from './alerts.ts'

/** Alerts of one message at most; the rest goes into the next. */
const alertsPerMessage = 100

/** A message for an AlertSink. */
export interface AlertMessage {
  /** JSON, as docs/operations.md describes it. */
  body: string
  /** Ids of its alerts. */
  ids: string[]
}

/** Writes alerts as few messages; offsets as text, as everywhere, and times in ISO 8601. */
export function messagesOf(alerts: readonly Alert[]): AlertMessage[] {
  const messages: AlertMessage[] = []
  for (let start = 0; start < alerts.length; start += alertsPerMessage) {
    const some = alerts.slice(start, start + alertsPerMessage)
    const body = JSON.stringify({ version: 1, alerts: some.map(alertJson) })
    messages.push({ body, ids: some.map(({ id }) => id) })
  }
  return messages
}

function alertJson({ facts, sinceMs, atMs, ...alert }: Alert): Record<string, unknown> {
  const { position, logStart, end, pendingRecords, timeToLossMs, shareLeft, lost } = facts
  return {
    ...alert,
    since: new Date(sinceMs).toISOString(),
    at: new Date(atMs).toISOString(),
    position: offsetText(position),
    logStart: offsetText(logStart),
    end: offsetText(end),
    pendingRecords: offsetText(pendingRecords),
    timeToLossSeconds: timeToLossMs === null ? null : Math.floor(timeToLossMs / 1000),
    shareLeft,
    lost: lost === null ? null : { firstOffset: String(lost.firstOffset), lastOffset: String(lost.lastOffset) },
  }
}

const offsetText = (offset: bigint | null): string | null => (offset === null ? null : String(offset))
