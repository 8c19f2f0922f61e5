/**
 * How fast SQL over an archive is answered, statement by statement: Coldstream's embedded engine; plain DuckDB over a glob
 * of the same folder; pyarrow's dataset; Trino. Each statement runs in a process of its own (Trino: in its server; Coldstream's
 * is ready before it is asked, as in a service), rounds take turns. Prints whether the goals hold.
 *
 * Run: `npm run bench:query [-- --records 20000000 --runs 3 --only coldstream,duckdb,pyarrow,trino]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDbEngine } from '../src/adapters/duckdb/engine.ts'
import { openFileStore } from '../src/adapters/file/store.ts'
import { filesInPlace } from '../src/query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../src/query/template/library.ts'
import { machineLine } from './kit/report.ts'
import { buildArchive, dayOf } from './query/archive.ts'
import { measurePlanning, PLANNING_SEGMENTS } from './query/planning.ts'
import { type Ask, coldstream, plainDuckDb, pyarrowDataset } from './query/programs.ts'
import { questions } from './query/questions.ts'
import { type Answers, goalLines, queryTable } from './query/report.ts'
import { startService } from './query/service.ts'
import { startTrinoPeer } from './query/trino.ts'

const { values: args } = parseArgs({
  options: {
    records: { type: 'string', default: '20000000' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: 'coldstream,duckdb,pyarrow,trino' },
    segments: { type: 'string', default: String(PLANNING_SEGMENTS) },
  },
})
const shape = dayOf(Number(args.records))
const limits = { maxRows: 1_000_000, maxResultBytes: 2 ** 30, timeoutMs: 3_600_000, maxMemoryBytes: 16 * 2 ** 30 }

/** Behind an answer Coldstream's next process starts: whoever is asked meanwhile would have to share the cores with it. */
const PAUSE_MS = 500

console.log(machineLine())
const folder = await mkdtemp(join(tmpdir(), 'coldstream-bench-query-'))
const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true })]
try {
  const store = await openFileStore(pathToFileURL(folder).href)
  const segments = await buildArchive(store, shape)
  const library = await loadTemplates([BUILT_IN_TEMPLATES])
  const engine = new DuckDbEngine({
    temporaryFolder: tmpdir(),
    maxSpillBytes: 16 * 2 ** 30,
    threads: availableParallelism(),
  })
  const service = await startService(engine, store, filesInPlace(store), limits)
  service.keepReady()
  stops.unshift(() => engine.close())
  const asked = questions(library, shape.hours, engine)
  const wanted = args.only.split(',')
  const programs = new Map<string, Ask>()
  if (wanted.includes('coldstream')) programs.set('coldstream', coldstream(service))
  if (wanted.includes('duckdb')) programs.set('duckdb', plainDuckDb(folder))
  if (wanted.includes('pyarrow')) programs.set('pyarrow', await pyarrowDataset(folder, shape.hours))
  if (wanted.includes('trino')) {
    const trino = await startTrinoPeer(shape, limits)
    stops.unshift(trino.stop)
    programs.set('trino', trino.ask)
  }
  console.log(`${shape.records} records in ${segments} segments, ${asked.length} statements`)
  // what is read once: by a service a topic's logs and filters of keys, by the system the files
  for (const question of asked.filter(({ goal }) => goal?.startsWith('one '))) {
    for (const [program, ask] of programs) {
      await setTimeout(PAUSE_MS)
      const took = await ask(question)
      if (took !== null) console.log(`${program}/${question.name}, the first time: ${took.seconds.toFixed(2)} s`)
    }
  }
  const answers: Answers = new Map()
  for (let round = 1; round <= Number(args.runs); round++) {
    for (const question of asked) {
      // who is asked first meets another machine than who comes after it
      const inTurn = round % 2 === 1 ? [...programs] : [...programs].reverse()
      for (const [program, ask] of inTurn) {
        const name = `${program}/${question.name}`
        // one that fails is told and left out: the others' figures are still worth having
        await setTimeout(PAUSE_MS)
        const took = await ask(question).catch((error: unknown) => {
          console.log(`${name} failed: ${error instanceof Error ? error.message : error}`)
          return null
        })
        if (took !== null) answers.set(name, [...(answers.get(name) ?? []), took])
      }
    }
    console.log(`round ${round} of ${args.runs} is done`)
  }
  const planning = wanted.includes('coldstream') ? await measurePlanning(Number(args.segments)) : null
  console.log(`\nSeconds (and CPU seconds), medians of ${args.runs} rounds; ${machineLine()}\n`)
  console.log(queryTable(asked, [...programs.keys()], answers))
  console.log(`\n${goalLines(asked, answers, planning).join('\n')}`)
} finally {
  for (const stop of stops) await stop()
}
