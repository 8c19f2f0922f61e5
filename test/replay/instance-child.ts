import { pathToFileURL } from 'node:url'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { GroupSlots } from '../../src/replay/run/group-slots.ts'
import { ReplayService } from '../../src/replay/service.ts'
import { plainParts, silentLog, smallUnits } from './kit.ts'

// An instance in a process of its own, to be killed: takes part in all replays of the archive until it is told to stop.
const [folder, brokers] = process.argv.slice(2) as [string, string]
const eventLog = await KafkaEventLog.connect({ brokers: brokers.split(','), clientId: 'replay-instance' })
const store = await openFileStore(pathToFileURL(folder).href)
const service = new ReplayService({
  ...plainParts,
  ...{ store, eventLog, clock: new SystemClock(), log: silentLog },
  work: new GroupSlots(eventLog, store.url, silentLog),
  limits: { ...smallUnits, maxUnitRows: 100, maxShares: 6 },
})
await service.start()
process.stdout.write('joined\n')
process.once('SIGTERM', async () => {
  await service.close()
  await eventLog.close()
})
