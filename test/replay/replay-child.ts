import { pathToFileURL } from 'node:url'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { ReplayService } from '../../src/replay/service.ts'
import { plainParts, silentLog, smallUnits } from './kit.ts'

// A process of its own, to be killed: replays as its arguments say, and prints the rows after each commit.
const [folder, brokers, request] = process.argv.slice(2) as [string, string, string]
const eventLog = await KafkaEventLog.connect({ brokers: brokers.split(','), clientId: 'replay-child' })
const service = new ReplayService({
  ...plainParts,
  store: await openFileStore(pathToFileURL(folder).href),
  eventLog,
  clock: new SystemClock(),
  log: silentLog,
  limits: { ...smallUnits, maxUnitRows: 200 },
})
const { id } = await service.create(JSON.parse(request))
service.subscribe(id, ({ progress }) => {
  if (progress !== null) process.stdout.write(`${progress.rows}\n`)
})
await service.finished(id)
await eventLog.close()
