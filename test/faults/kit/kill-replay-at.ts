import type { RequestPoint } from '../../adapters/kafka/cutting-proxy.ts'
import type { StoreRequest } from '../../kit/store-proxy.ts'
import type { RunningCommand } from './coldstream.ts'
import type { ReplayStage } from './replay-stage.ts'
import { holding, replayStepOf } from './replay-watch.ts'

/** A request to the broker. */
export interface RequestPlace {
  apiKey: number
  /** Only requests of this client count; those of all unless told. */
  clientId?: string
  /** So many of its kind pass first. */
  earlier?: number
  /** They count only from this one on. */
  after?: RequestPlace
}

/** Where a process that replays is killed: at a write to the store, or at a request to the broker. */
export type ReplayPoint = ({ step: string; earlier?: number } | RequestPlace) & {
  /** `before`: it never arrives. `unanswered`: it is done, its answer is not heard. `answered`: the answer was the last it got. */
  when: 'before' | 'unanswered' | 'answered'
}

/** Keys of Kafka's requests. */
export const apiKeys = {
  produce: 0,
  fetch: 1,
  createTopics: 19,
  deleteTopics: 20,
  initProducerId: 22,
  endTxn: 26,
} as const

/**
 * Starts a command and kills it (SIGKILL) exactly at a point, which a proxy sees come. Throws when it ended without having
 * come there.
 */
export async function killReplayAt(stage: ReplayStage, point: ReplayPoint, start: () => RunningCommand): Promise<void> {
  const reached = reaching(stage, point)
  const command = start()
  void reached.then(() => command.process.kill('SIGKILL'))
  const { signal, code, stderr } = await command.ended
  passAll(stage)
  if (signal !== 'SIGKILL')
    throw new Error(`${JSON.stringify(point)} was never reached; it ended with ${code}: ${stderr}`)
}

/** Resolves at a point that is still to come; then no request comes through any more, until `passAll`. */
export function reaching(stage: ReplayStage, point: ReplayPoint): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if ('step' in point) watchStore(stage, point, resolve)
  else if (point.apiKey === apiKeys.createTopics)
    once(stage, 'state planning', () => watchRequest(stage, point, point.when, resolve))
  else watchRequest(stage, point, point.when, resolve)
  return promise
}

/** Lets everything through again. */
export function passAll({ proxy, kafka }: ReplayStage): void {
  proxy.handler = (_request, forward) => forward()
  kafka.proxy.unwatch()
}

/**
 * Has something happen when a step comes by, before it is done. Requests that create topics are to be watched only from
 * `state planning` on: those before it ask whether that would be allowed.
 */
export function once({ proxy }: ReplayStage, step: string, happens: () => void): void {
  const isMeant = (request: StoreRequest): boolean => replayStepOf(request) === step
  proxy.handler = holding(isMeant, () => Promise.resolve(happens()))
}

/** Has something happen at a request that is still to come; `held`: it waits until that is over. */
export function watchRequest(
  stage: ReplayStage,
  { after, ...place }: RequestPlace,
  when: RequestPoint['when'],
  reached: () => unknown,
): void {
  const watch = (): void => stage.kafka.proxy.watch({ ...place, when, reached })
  if (after === undefined) watch()
  else watchRequest(stage, after, 'held', watch)
}

function watchStore({ proxy }: ReplayStage, point: ReplayPoint & { step: string }, reached: () => void): void {
  let left = point.earlier ?? 0
  let isOver = false
  const isOverNow = (): null => {
    isOver = true
    reached()
    return null
  }
  proxy.handler = async (request, forward) => {
    if (isOver) return null
    if (replayStepOf(request) !== point.step || left-- > 0) return forward()
    if (point.when === 'before') return isOverNow()
    const answer = await forward()
    if (point.when === 'unanswered') return isOverNow()
    return { ...answer, delivered: () => void isOverNow() }
  }
}
