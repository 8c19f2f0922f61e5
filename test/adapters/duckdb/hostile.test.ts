import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StatementRunner } from '../../../src/adapters/duckdb/statement-runner.ts'
import { ColdstreamError } from '../../../src/errors.ts'
import type { ObjectStore } from '../../../src/ports/object-store.ts'
import type { LocalTables } from '../../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../../src/query/archive-snapshots.ts'
import { ArchiveTables } from '../../../src/query/archive-tables.ts'
import { filesInPlace } from '../../../src/query/segment-files.ts'
import { archiveRecords } from '../../query/archive.ts'
import { orders } from '../../query/orders.ts'
import { LIMITS, openRig, type Rig, testFolder, testStore } from '../../query/rig.ts'
import { hostilePage } from './hostile-page.ts'
import { BOMBS, REFUSED } from './hostile-statements.ts'

describe('A hostile statement', () => {
  let rig: Rig
  let store: ObjectStore
  let tables: LocalTables
  let outside: string
  let spillFolder: string
  const workingFolder = process.cwd()
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  before(async () => {
    store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    rig = await openRig(t, store)
    outside = await testFolder(t)
    spillFolder = await testFolder(t)
    await writeFile(join(outside, 'secret.csv'), 'a,b\n1,stolen\n')
    await writeFile(join(outside, 'secret.parquet'), 'PAR1')
    const source = new ArchiveTables(commitLogSnapshots(store), filesInPlace(store), null)
    tables = await source.load(['orders'], new AbortController().signal)
    process.chdir(tables.folder)
  })
  after(async () => {
    process.chdir(workingFolder)
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  for (const { title, statements } of REFUSED) {
    describe(`(${title})`, () => {
      for (const statement of statements) {
        // as the child process does it, which costs most of the time
        it(`is refused: ${JSON.stringify(statement.slice(0, 90))}`, async () => {
          const runner = new StatementRunner({ threads: 1, spillFolder, maxSpillBytes: 0 })
          try {
            const answer = await answerTo(runner, statement.replaceAll('%', outside), tables)
            assert.equal(
              answer.kind,
              'failed',
              JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
            )
            assert.ok(
              answer.kind === 'failed' && ['sql', 'forbidden'].includes(answer.failure.reason),
              answer.failure.reason,
            )
            assert.doesNotMatch(answer.failure.message, /stolen|root:x/)
          } finally {
            runner.close()
          }
        })
      }

      it('is refused by the service, too', async () => {
        const sql = statements[0]!.replaceAll('%', outside)
        await assert.rejects(rig.query({ sql }), (error: unknown) => {
          assert.ok(error instanceof ColdstreamError, String(error))
          assert.ok(['sql-invalid', 'sql-forbidden'].includes(error.code), `${error.code}: ${error.message}`)
          assert.ok(error.remedy.length > 0)
          return true
        })
      })
    })
  }

  it('has written nothing, and the archive is as it was', async () => {
    for (const name of ['out.csv', 'out.parquet', 'out', 'out.json', 'x.db', 'log']) {
      assert.ok(!existsSync(join(outside, name)), name)
    }
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
  })

  describe('that takes all there is', { concurrency: 2 }, () => {
    for (const [what, sql, codes] of BOMBS) {
      it(`ends at a limit: ${what}`, async () => {
        const timeoutMs = codes.includes('query-timeout') ? 1000 : LIMITS.timeoutMs
        const limits = { timeoutMs, maxMemoryBytes: 128 * 1024 * 1024 }
        await assert.rejects(rig.query({ sql, limits }), (error: unknown) => {
          assert.ok(error instanceof ColdstreamError, String(error))
          assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
          assert.ok(error.remedy.length > 0)
          return true
        })
      })
    }
  })

  it('leaves the service able to answer', async () => {
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
  })

  it('is one of a hundred, all of which the documentation shows', async () => {
    const page = await readFile(fileURLToPath(new URL('../../../docs/hostile-statements.md', import.meta.url)), 'utf8')
    const all = [...REFUSED.flatMap(({ statements }) => statements), ...BOMBS.map(([, sql]) => sql)]
    assert.ok(all.length >= 100, String(all.length))
    assert.equal(page, hostilePage())
  })
})

/** What the child process would answer. */
async function answerTo(runner: StatementRunner, sql: string, { folder, tables }: LocalTables) {
  let answer = await runner.answer({ kind: 'open', sql, parameters: [], ...LIMITS })
  if (answer.kind !== 'failed') answer = await runner.answer({ kind: 'run', folder, tables, sayProgress: false })
  while (answer.kind === 'columns' || answer.kind === 'rows') answer = await runner.answer({ kind: 'next' })
  return answer
}
