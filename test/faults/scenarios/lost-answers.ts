import type { Step } from '../kit/archive-watch.ts'
import { succeeded } from '../kit/coldstream.ts'
import type { Scenario } from '../kit/scenario.ts'

/** One answer in so many is lost, beginning with the first. */
const oneIn = 3

const losing = (steps: readonly Step[], name: string, short = 0): Scenario => ({
  name: `answers lost: ${name}`,
  rounds: { full: 5, short },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const { topic, expected } = await round.world.orders()
    const archive = await round.archive(brokers)
    const lostNow = new Map<Step, number>()
    archive.proxy.handler = archive.watch.handler(async ({ step, earlier }, forward) => {
      const answer = await forward()
      if (!steps.includes(step) || earlier % oneIn !== 0 || answer.status !== 200) return answer
      lostNow.set(step, (lostNow.get(step) ?? 0) + 1)
      return null
    })
    const connector = await round.connector(topic)
    succeeded('capture', await round.start(['capture', connector, '--until-end'], archive.settings).ended)
    for (const step of steps) {
      if ((lostNow.get(step) ?? 0) < 2) throw new Error(`only ${lostNow.get(step) ?? 0} answers to ${step} were lost`)
    }
    return round.judge(archive, topic, expected)
  },
})

/** The store has done its work and the writer never hears of it. */
export const lostAnswers: Scenario[] = [
  losing(['segment'], 'segments'),
  losing(['intent', 'commit'], 'log entries'),
  losing(['intent', 'segment', 'commit'], 'all writes', 1),
]
