import { CommitLog } from '../../src/catalog/commit-log.ts'
import { logPrefix } from '../../src/catalog/log-paths.ts'
import { seqName } from '../../src/catalog/numbered-log.ts'
import { encodeEntry } from '../../src/format/log-codec.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { commitOf, intend } from '../format/log-samples.ts'
import type { MemoryStore } from './memory-store.ts'

export const KEY = { topic: 't', incarnation: 1, partition: 0 }
export const PREFIX = logPrefix(KEY)
export const clock = { nowMs: () => 1_700_000_000_000, sleep: () => Promise.resolve() }

export function openLog(store: ObjectStore, writer = 'w', key = KEY): Promise<CommitLog> {
  return CommitLog.open({ store, key, writer, clock })
}

/** Appends `commits` intents with their commits, 10 offsets each, through the log. */
export async function appendCommits(log: CommitLog, commits: number): Promise<void> {
  for (let i = 0; i < commits; i++) {
    await log.intend(intend(log.head.nextSeq, log.head.archived?.next ?? 0n))
    await log.commit(commitOf(log.head.openIntent!))
  }
}

/** Puts a log of `entries` entries there, 10 offsets per commit, without checkpoints. */
export function putLog(store: MemoryStore, entries: number): void {
  for (let seq = 0; seq < entries; seq += 2) {
    const intent = intend(seq, BigInt(seq * 5))
    store.put(`${PREFIX}${seqName(seq)}.json`, encodeEntry(intent))
    if (seq + 1 < entries) store.put(`${PREFIX}${seqName(seq + 1)}.json`, encodeEntry(commitOf(intent)))
  }
}
