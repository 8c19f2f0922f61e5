import { parentPort, workerData } from 'node:worker_threads'
import { loadModule } from './load-module.ts'
import { allDone, type FromUpcaster, notBegun, type ToUpcaster } from './messages.ts'
import { problemOf } from './problem-place.ts'
import { upcastBatch } from './upcast-batch.ts'

/** What the thread is told when it starts. */
export interface UpcasterThreadData {
  /** Absolute path of the module. */
  file: string
  name: string
  /** One Int32: where the thread stands, for whoever watches it. */
  position: SharedArrayBuffer
}

/** The thread of an upcaster: it knows the module and the rows it is given, and nothing else of the replay. */
const { file, name, position } = workerData as UpcasterThreadData
if (parentPort === null) throw new Error('upcaster-thread.ts is started by upcaster-host.ts, as a thread')
const port = parentPort
const tell = (message: FromUpcaster): void => port.postMessage(message)
const at = new Int32Array(position)

process.on('uncaughtException', (error) => tell({ kind: 'left-behind', problem: problemOf(error, file, null) }))

// not awaited at the top level: a module that never finishes loading would end this one with a warning
void serve()

async function serve(): Promise<void> {
  const loaded = await loadModule(file, name)
  if ('problems' in loaded) return tell({ kind: 'broken', problems: loaded.problems })
  port.on('message', ({ topic, partition, frames }: ToUpcaster) => {
    Atomics.store(at, 0, notBegun)
    const done = upcastBatch(loaded, { topic, partition }, frames, (row) => Atomics.store(at, 0, row))
    Atomics.store(at, 0, allDone)
    port.postMessage({ kind: 'done', frames: done } satisfies FromUpcaster, [done.buffer])
  })
  tell({ kind: 'ready', description: loaded.description })
}
