import { succeeded } from '../kit/coldstream.ts'
import type { Scenario } from '../kit/scenario.ts'

/** One process refuses two connectors for one topic, and does nothing. */
const together: Scenario = {
  name: 'two connectors, one topic, one process',
  rounds: { full: 2, short: 1 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const { topic } = await round.world.orders()
    const archive = await round.archive(brokers)
    const connectors = [await round.connector(topic), await round.connector(topic)]
    const { code, stderr } = await round.start(['capture', ...connectors, '--until-end'], archive.settings).ended
    if (code === 0 || !/would both archive .+ into the same archive/.test(stderr))
      throw new Error(`it was not refused, it ended with ${code}: ${stderr}`)
    const written = await archive.place.keys('')
    return { lost: 0, twice: written.length, unexplained: 0 }
  },
}

/** Rivals cost each other work and nothing else, though they divide the records in other ways. */
const apart: Scenario = {
  name: 'two connectors, one topic, two processes',
  rounds: { full: 10, short: 1 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const { topic, expected } = await round.world.orders()
    const archive = await round.archive(brokers)
    const rivals = await Promise.all(
      ['70', '110'].map(async (size) => {
        const connector = await round.connector(topic, { 'flush.size': size })
        return round.start(['capture', connector, '--until-end'], archive.settings)
      }),
    )
    for (const rival of rivals) succeeded('capture', await rival.ended)
    return round.judge(archive, topic, expected)
  },
}

/** One topic in two connectors. */
export const twoConnectors: Scenario[] = [together, apart]
