import type { StoreHandler, StoreRequest } from '../../kit/store-proxy.ts'

/**
 * What a write to the store is in the life of a replay: `request`, `announcement`, `state running` (and each other state),
 * `share finished`, `share halted`, `passed over`. Null for everything else.
 */
export function replayStepOf({ method, key, body }: StoreRequest): string | null {
  if (method !== 'PUT' || !key.startsWith('replays/')) return null
  if (key.startsWith('replays/_announced/')) return 'announcement'
  if (key.endsWith('/request.json')) return 'request'
  if (key.includes('/skipped/')) return 'passed over'
  const { state } = JSON.parse(body.toString()) as { state: string }
  return key.includes('/shares/') ? `share ${state}` : `state ${state}`
}

/** Has `happens` be over before a request is passed on: the first one that `isMeant`, after `earlier` such. */
export function holding(
  isMeant: (request: StoreRequest) => boolean,
  happens: () => Promise<unknown>,
  earlier = 0,
): StoreHandler {
  let seen = 0
  return async (request, forward) => {
    if (isMeant(request)) {
      seen += 1
      if (seen === earlier + 1) await happens()
    }
    return forward()
  }
}

/** Whether a request reads a segment. */
export function readsSegment({ method, key }: StoreRequest): boolean {
  return method === 'GET' && key.startsWith('topics/')
}
