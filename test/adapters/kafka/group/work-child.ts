import { KafkaEventLog } from '../../../../src/adapters/kafka/index.ts'

/** An instance to be killed: takes part in divided work and says `slots <n> <n> …` at each change. */
const [broker, group, slots, sessionTimeoutMs] = process.argv.slice(2)
const log = await KafkaEventLog.connect({ brokers: [broker!], clientId: 'work-child' })
await log.joinWork({
  group: group!,
  slots: Number(slots),
  sessionTimeoutMs: Number(sessionTimeoutMs),
  listener: {
    assigned(mine) {
      process.stdout.write(`slots ${mine.join(' ')}\n`)
      return Promise.resolve()
    },
    failed(error) {
      throw error
    },
  },
})
