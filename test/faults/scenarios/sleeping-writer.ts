import type { Step } from '../kit/archive-watch.ts'
import { expectedOf } from '../kit/expected.ts'
import { archivedBy, stop } from '../kit/round.ts'
import type { Scenario } from '../kit/scenario.ts'
import { createTopic, endsOf, writeOrders } from '../kit/topics.ts'

const partitions = 2
const portion = 800
const steps: readonly Step[] = ['intent', 'segment', 'commit']

/**
 * A continuous writer stands still (SIGSTOP) in the middle of a write, which arrives only after a successor has done its
 * work. What the successor archives before the sleeper may wake shows that the sleeper's group session is over.
 */
export const sleepingWriter: Scenario = {
  name: 'a writer sleeps in the middle of a write',
  rounds: { full: 9, short: 1 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'sleeper', { partitions })
    const archive = await round.archive(brokers)
    const connector = await round.connector(topic)
    const command = ['capture', connector]
    let written = 0
    const writeMore = async (): Promise<Map<number, bigint>> => {
      await writeOrders(brokers, topic, { from: written, to: written + portion, partitions })
      written += portion
      return endsOf(brokers, topic)
    }

    const sleeper = round.start(command, archive.settings)
    await archivedBy(sleeper, archive, topic, await writeMore())
    const asleep = Promise.withResolvers<void>()
    const awake = Promise.withResolvers<void>()
    const wanted = steps[round.number % steps.length]
    archive.proxy.handler = archive.watch.handler(async ({ step }, forward) => {
      if (step !== wanted) return forward()
      // Only the first of its kind: the successor's pass.
      archive.proxy.handler = archive.watch.handler((_write, pass) => pass())
      sleeper.process.kill('SIGSTOP')
      asleep.resolve()
      await awake.promise
      return forward()
    })
    await writeMore()
    await asleep.promise
    const successor = round.start(command, archive.settings)
    await archivedBy(successor, archive, topic, await writeMore())
    sleeper.process.kill('SIGCONT')
    awake.resolve()
    await archivedBy(successor, archive, topic, await writeMore())
    for (const { code, stderr } of [await stop(sleeper), await stop(successor)]) {
      if (code !== 0) throw new Error(`a capture ended with ${code}: ${stderr}`)
    }
    return round.judge(archive, topic, await expectedOf(brokers, topic))
  },
}
