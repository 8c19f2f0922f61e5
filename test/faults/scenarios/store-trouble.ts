import { setTimeout as sleep } from 'node:timers/promises'
import { refusal, type StoreAnswer } from '../../kit/store-proxy.ts'
import { succeeded } from '../kit/coldstream.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario } from '../kit/scenario.ts'

type Forward = () => Promise<StoreAnswer>

/** What the store does while it is in trouble. */
interface Trouble {
  name: string
  /** Requests that meet it; then the store is well again. */
  requests: number
  answer(forward: Forward, round: Round): Promise<StoreAnswer | null>
}

/** So many requests pass first: the trouble finds a capture that begins to write. */
const calmRequests = 12
const slowMs = 400

/** The one that `npm test` meets. */
const shortName = '500 although it was done'

const troubles: Trouble[] = [
  { name: '503', requests: 40, answer: () => Promise.resolve(refusal(503, 'SlowDown')) },
  { name: '409', requests: 40, answer: () => Promise.resolve(refusal(409, 'ConditionalRequestConflict')) },
  { name: '500 although it was done', requests: 40, answer: doneButRefused },
  { name: 'hangs up', requests: 40, answer: () => Promise.resolve(null) },
  { name: 'slow', requests: 20, answer: slowly },
]

async function doneButRefused(forward: Forward): Promise<StoreAnswer> {
  await forward()
  return refusal(500, 'InternalError')
}

/** Slow is a matter of time: this delay is the fault, nothing is awaited by it. */
async function slowly(forward: Forward, round: Round): Promise<StoreAnswer> {
  await sleep(slowMs * (1 + round.random()))
  return forward()
}

/** The store refuses, conflicts, hangs up or crawls for a while, reads included, and recovers. */
export const storeTroubles: Scenario[] = troubles.map(({ name, requests, answer }) => ({
  name: `store: ${name}`,
  rounds: { full: 5, short: name === shortName ? 1 : 0 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const { topic, expected } = await round.world.orders()
    const archive = await round.archive(brokers)
    const calm = archive.proxy.handler
    let seen = 0
    archive.proxy.handler = (request, forward) => {
      seen += 1
      const inTrouble = seen > calmRequests && seen <= calmRequests + requests
      return inTrouble ? answer(forward, round) : calm(request, forward)
    }
    const connector = await round.connector(topic)
    succeeded('capture', await round.start(['capture', connector, '--until-end'], archive.settings).ended)
    if (seen < calmRequests + requests) throw new Error(`the trouble was not over, only ${seen} requests came`)
    return round.judge(archive, topic, expected)
  },
}))
