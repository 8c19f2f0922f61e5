/**
 * The built service in a process of its own: captures to the end by one connector after the other, each into its own
 * bucket, and prints what the last one took, without the start: by then the threads run and their code is compiled.
 *
 * Run: `node bench/kit/capture-twice.ts <connector.json>…`, configured by the environment.
 */
import type { RunSeconds } from './coldstream-capture.ts'

const built = (path: string): Promise<unknown> => import(new URL(`../../dist/${path}`, import.meta.url).href)
const { openServices } = (await built('app.js')) as typeof import('../../src/app.ts')
const { readConnectorFiles } = (await built(
  'cli/connector-files.js',
)) as typeof import('../../src/cli/connector-files.ts')

const services = await openServices({ configFile: null, verbose: false })
let taken: RunSeconds | null = null
for (const file of process.argv.slice(2)) {
  // one by one: together they would be refused, as they capture the same topic
  const [read] = await readConnectorFiles([file])
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const capture = await services.openCapture(read!.connector)
  await capture.run({ untilEnd: true }, new AbortController().signal)
  const { user, system } = process.cpuUsage(cpu)
  taken = { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: (user + system) / 1e6 }
}
await services.close()
console.log(JSON.stringify(taken))
