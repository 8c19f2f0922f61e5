import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { numbered } from './records.ts'

/**
 * A writer to be killed: emits the numbers below `total` over the partitions of `target`, resuming where the last commit
 * left off. Progress is the next number. Says `open`, then a dot per commit.
 */
const [broker, replay, target, total, partitions] = process.argv.slice(2)
const log = await KafkaEventLog.connect({ brokers: [broker!], clientId: 'crashing-writer' })
const writer = await log.openWriter({ replay: replay!, task: 0, tasks: 8, targets: [target!] })
process.stdout.write('open')
const blockRecords = 200
const blocksPerCommit = 10
let next = writer.progress === null ? 0 : Number(Buffer.from(writer.progress).toString())
while (next < Number(total)) {
  for (let block = 0; block < blocksPerCommit; block += 1) {
    await writer.write(target!, (next / blockRecords) % Number(partitions), numbered(next, next + blockRecords))
    next += blockRecords
  }
  await writer.commit(Buffer.from(String(next)))
  process.stdout.write('.')
}
await writer.close()
await log.close()
