import type { PartitionFetch } from '../../ports/event-log.ts'
import type { SourceRun } from '../../ports/record-block.ts'

/**
 * A fetch in pieces of about so many bytes as they were fetched, so that whoever takes it in can let other work have its
 * turn in between. A block is not divided.
 */
export function* fetchPieces(fetch: PartitionFetch, bytes: number): Generator<PartitionFetch> {
  let { from } = fetch
  let runs: SourceRun[] = []
  let size = 0
  for (const run of fetch.runs) {
    runs.push(run)
    size += bytesOf(run)
    if (size < bytes) continue
    const next = (run.kind === 'records' ? run.block.lastOffset : run.lastOffset) + 1n
    yield { ...fetch, from, next, runs }
    from = next
    runs = []
    size = 0
  }
  if (runs.length > 0) yield { ...fetch, from, runs }
}

/** Bytes of a fetch's record blocks, as they were fetched. */
export function fetchedBytes({ runs }: PartitionFetch): number {
  return runs.reduce((bytes, run) => bytes + bytesOf(run), 0)
}

function bytesOf(run: SourceRun): number {
  return run.kind === 'records' ? run.block.payload.length : 0
}
