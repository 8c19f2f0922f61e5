import { randomUUID } from 'node:crypto'
import type { CheckResult } from '../ports/check-result.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/**
 * Lets many writers race for one fresh name below `doctor/`: exactly one has to be told `created`, and the object has to
 * be that writer's. Some S3 look-alikes ignore the condition, or check it before they write. Errors of the store itself
 * are thrown.
 */
export async function raceCreateIfAbsent(store: ObjectStore, writers = 20): Promise<CheckResult> {
  const path = `doctor/${randomUUID()}`
  // As long as a small segment, so that the writes overlap.
  const contents = Array.from({ length: writers }, (_, writer) =>
    Buffer.alloc(64 * 1024, `writer ${writer} of ${path}\n`),
  )
  try {
    const answers = await Promise.all(contents.map((content) => store.createIfAbsent(path, [content])))
    const winners = answers.flatMap((answer, writer) => (answer === 'created' ? [writer] : []))
    const owner = contents.findIndex(Buffer.prototype.equals.bind(await store.get(path)))
    return judge(store.url, writers, winners, owner)
  } finally {
    await store.delete(path)
  }
}

/** `owner` is the writer whose content the object has, -1 when it is nobody's. */
function judge(url: string, writers: number, winners: readonly number[], owner: number): CheckResult {
  const check = `store ${url}`
  if (winners.length === 1 && winners[0] === owner) {
    return { check, outcome: 'ok', message: `of ${writers} writers to one object exactly one created it`, remedy: null }
  }
  // A lone writer whose answer was lost is told `exists`, so nobody won, but the object is whole.
  if (winners.length === 0 && owner >= 0) {
    return {
      check,
      outcome: 'warning',
      message: `of ${writers} writers to one object none was told that it created it, though one did`,
      remedy: 'Look for lost connections between here and the store, then run the check again.',
    }
  }
  const message =
    winners.length > 1
      ? `of ${writers} writers to one object ${winners.length} were told that they created it`
      : `of ${writers} writers to one object writer ${winners[0] ?? 'none'} won, but its content is ${owner < 0 ? "nobody's" : `that of writer ${owner}`}`
  return {
    check,
    outcome: 'failure',
    message: `${message}; an archive in it would hold records twice or lose them`,
    remedy:
      'Do not archive into this store. Use one that honours If-None-Match: * (AWS S3, MinIO, versitygw) or a local folder.',
  }
}
