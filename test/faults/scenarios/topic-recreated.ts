import { independentClient } from '../../adapters/kafka/judge.ts'
import { both, expectedOf } from '../kit/expected.ts'
import { archivedBy, stop } from '../kit/round.ts'
import type { Scenario } from '../kit/scenario.ts'
import { createTopic, createTopicNamed, endsOf, writeOrders } from '../kit/topics.ts'

const portion = 700

/** The topic is deleted and another one of the same name takes its place while a service captures it. */
export const topicRecreated: Scenario = {
  name: 'the topic is deleted and created again',
  rounds: { full: 4, short: 1 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'again')
    await writeOrders(brokers, topic, { to: portion })
    const archive = await round.archive(brokers)
    const serve = round.start(['serve', await round.connector(topic)], {
      ...archive.settings,
      COLDSTREAM_HTTP_PORT: '0',
    })
    await archivedBy(serve, archive, topic, await endsOf(brokers, topic))
    const first = await expectedOf(brokers, topic)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    while ((await admin.listTopics()).includes(topic));
    await admin.disconnect()
    await createTopicNamed(brokers, topic)
    // Fewer than before: by its name alone this topic would look as one that was archived already.
    await writeOrders(brokers, topic, { from: 1_000, to: 1_000 + portion / 2 })
    await archivedBy(serve, archive, `${topic}+2`, await endsOf(brokers, topic))
    const { code, stderr } = await stop(serve)
    if (code !== 0) throw new Error(`serve ended with ${code}: ${stderr}`)
    return round.judge(archive, topic, both(first, await expectedOf(brokers, topic, 2)))
  },
}
