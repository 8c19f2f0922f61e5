import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ColdstreamError } from '../../../src/errors.ts'
import type { OutgoingRecord } from '../../../src/format/record-batch/index.ts'
import type { ChangedRow } from '../../../src/replay/change/changed-row.ts'
import { type OpenUpcaster, openUpcaster, type UpcasterSettings } from '../../../src/replay/change/open-upcaster.ts'
import type { UpcasterIdentity } from '../../../src/replay/change/upcaster-identity.ts'
import { type PlainRecord, rowsOf } from '../../format/record-batch/samples.ts'
import { silentLog } from '../kit.ts'

/** A folder with these modules, by file name; gone after the test. */
export async function moduleFolder(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-upcasters-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source)
  return folder
}

export function settingsOf(folder: string | null, more: Partial<UpcasterSettings> = {}): UpcasterSettings {
  return { folder, timeLimitMs: 60_000, maxMemoryBytes: 128 * 2 ** 20, threads: 1, log: silentLog, ...more }
}

/** Opens the only module of a folder, `upcaster.ts`; closed after the test. */
export async function openSource(
  context: TestContext,
  source: string,
  more: Partial<UpcasterSettings> = {},
  expected: UpcasterIdentity | null = null,
): Promise<OpenUpcaster> {
  const folder = await moduleFolder(context, { 'upcaster.ts': source })
  const upcaster = await openUpcaster('upcaster', settingsOf(folder, more), expected)
  context.after(() => upcaster.close())
  return upcaster
}

export const place = { topic: 'orders', partition: 3 }

/** A module of JSON events, of which only this is of interest. */
export function jsonModule(upcast: string, more = ''): string {
  return `export default { version: 1, accepts: 'json', ${more} upcast(event) { ${upcast} } }\n`
}

export function bytesModule(upcast: string, more = ''): string {
  return `export default { version: 1, accepts: 'bytes', ${more} upcast(event) { ${upcast} } }\n`
}

/** What the module makes of the records. */
export async function upcastBy(
  context: TestContext,
  source: string,
  records: readonly PlainRecord[],
): Promise<ChangedRow[]> {
  const upcaster = await openSource(context, source)
  return upcaster.upcast(place, rowsOf(records), 0, records.length)
}

/** A record with this value and nothing else of interest. */
export function recordOf(value: string | Buffer | null, more: Partial<PlainRecord> = {}): PlainRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return { timestampMs: 1_736_845_200_000, key: Buffer.from('key'), value: bytes, headers: [], ...more }
}

/** The records of a row that did not fail. */
export function recordsOf(row: ChangedRow | undefined): readonly OutgoingRecord[] {
  assert.ok(row !== undefined)
  assert.ok('records' in row, 'failure' in row ? row.failure : '')
  return row.records
}

/** What the values of a row's records say. */
export function valuesOf(row: ChangedRow | undefined): (string | null)[] {
  return recordsOf(row).map(({ value }) => (value === null ? null : Buffer.from(value).toString()))
}

export function failureOf(row: ChangedRow | undefined): string {
  assert.ok(row !== undefined && 'failure' in row)
  return row.failure
}

/** For assert.rejects. */
export function withCode(code: string, message?: RegExp): (error: ColdstreamError) => boolean {
  return (error) => {
    assert.equal(error.code, code, error.stack)
    if (message !== undefined) assert.match(error.message, message)
    assert.notEqual(error.remedy, '')
    return true
  }
}
