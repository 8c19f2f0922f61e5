import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { judge } from './kit/judge.ts'
import { type ArchivedRow, contentOfFiles, rowsOfFiles } from './kit/judge-archive.ts'
import { difference, differences, differencesSoFar } from './kit/judge-replay.ts'
import { mergedByTime } from './kit/merged-by-time.ts'
import { digest60, recordText } from './kit/read-topic.ts'

describe('the judges of kills and faults', () => {
  it('read a file as kafkajs reads the records', async () => {
    const content = await archive([{ name: 'orders+3+0000000005', offsets: [5, 6] }])
    const headers = { a: Buffer.from('x'), b: Buffer.from('y') }
    const message = { timestamp: '1768386600000', key: Buffer.from('k'), value: Buffer.from('v'), headers }
    const record = recordText(message)
    const digest = digest60(`3|5|${record}`) + digest60(`3|6|${record}`)
    const partition = { partition: 3, records: 2, distinctOffsets: 2, firstOffset: '5', lastOffset: '6' }
    assert.deepEqual(content, {
      files: 1,
      partitions: [{ ...partition, digest: String(digest) }],
      outOfOrder: 0,
      misfiled: 0,
    })
  })

  it('see a row twice, rows out of order, and files of another name or hour', async () => {
    const content = await archive([
      { name: 'orders+3+0000000005', offsets: [5, 7, 6] },
      { name: 'orders+3+0000000006', offsets: [7] },
      { name: 'orders+4+0000000008', offsets: [8] },
      { name: 'orders+3+0000000009', offsets: [9], hour: '11' },
    ])
    assert.equal(content.partitions[0]?.records, 6)
    assert.equal(content.partitions[0]?.distinctOffsets, 5)
    assert.equal(content.outOfOrder, 1)
    assert.equal(content.misfiled, 3)
  })

  it('tell lost, repeated and disordered records of a replay', () => {
    const source = { ids: [10, 12, 14, 16], digest: 'd' }
    const none = { partition: 0, records: 4, emitted: 4, lost: 0, twice: 0, 'out of order': 0 }
    assert.deepEqual(difference(0, source, source), { ...none, 'content as in source': true })
    const other = (ids: number[]) => difference(0, source, { ids, digest: 'other' })
    const differs = { ...none, 'content as in source': false }
    assert.deepEqual(other([10, 12, 16]), { ...differs, emitted: 3, lost: 1 })
    assert.deepEqual(other([10, 12, 14, 14, 16]), { ...differs, emitted: 5, twice: 1, 'out of order': 1 })
    assert.deepEqual(other([10, 14, 12, 16]), { ...differs, 'out of order': 1 })
    assert.deepEqual(difference(0, source, undefined), { ...differs, emitted: 0, lost: 4 })
  })

  it('count what a replay lost, repeated, disordered or changed over all partitions', () => {
    const source = new Map([0, 1].map((partition) => [partition, { ids: [10, 12, 14, 16], digest: 'd' }]))
    const verdict = (ids: number[], partition = 1): number[] => {
      const { lost, twice, unexplained } = differences(
        source,
        new Map([...source, [partition, { ids, digest: 'other' }]]),
      )
      return [lost, twice, unexplained]
    }
    assert.deepEqual(differences(source, source), { lost: 0, twice: 0, unexplained: 0 })
    assert.deepEqual(verdict([10, 12, 16]), [1, 0, 0])
    assert.deepEqual(verdict([10, 12, 14, 14, 16]), [0, 1, 1])
    assert.deepEqual(verdict([10, 14, 12, 16]), [0, 0, 1])
    assert.deepEqual(verdict([10, 12, 14, 16]), [0, 0, 1])
    assert.deepEqual(verdict([], 1), [4, 0, 0])
    assert.deepEqual(verdict([7], 2), [0, 0, 1])
    assert.deepEqual(differences(source, new Map()), { lost: 8, twice: 0, unexplained: 0 })
  })

  it('take a replay that stopped for one that is right so far', () => {
    const source = new Map([[0, { ids: [10, 12, 14, 16], digest: 'd' }]])
    const verdict = (ids: number[], partition = 0): number[] => {
      const { lost, twice, unexplained } = differencesSoFar(source, new Map([[partition, { ids, digest: 'other' }]]))
      return [lost, twice, unexplained]
    }
    assert.deepEqual(verdict([10, 12]), [0, 0, 0])
    assert.deepEqual(verdict([]), [0, 0, 0])
    assert.deepEqual(verdict([10, 14]), [1, 0, 1])
    assert.deepEqual(verdict([10, 12, 12]), [1, 1, 1])
    assert.deepEqual(verdict([7], 1), [0, 0, 1])
    assert.deepEqual(differencesSoFar(source, new Map()), { lost: 0, twice: 0, unexplained: 0 })
  })

  it('merge lines by time and keep each in its own order', () => {
    const lines = [
      [1, 9, 2],
      [1, 3, 9],
    ].map((times, line) => times.map((time, place) => ({ time, name: `${line}${place}` })))
    const merged = mergedByTime(lines, ({ time }) => time)
    assert.deepEqual(
      merged.map(({ name }) => name),
      ['00', '10', '11', '01', '02', '12'],
    )
    assert.deepEqual(mergedByTime<number>([[]], Number), [])
  })

  it('see a record that is lost, changed, doubled, invented or unexplained under a fault', () => {
    const records = new Map(['0', '1', '2', '4'].map((offset) => [`1|0|${offset}`, `d${offset}`]))
    const ranges = new Map([['1|0', { first: 0n, end: 5n }]])
    const gap = { incarnation: 1, partition: 0, reason: 'control', offsets: 1 }
    const row = (offset: string, digest = `d${offset}`, incarnation = 1): ArchivedRow => ({
      incarnation,
      partition: 0,
      offset,
      digest,
    })
    const rows = ['0', '1', '2', '4'].map((offset) => row(offset))
    const verdict = (
      found: readonly ArchivedRow[],
      { optional = [] as string[], findings = 0, gaps = [gap] } = {},
    ): number[] => {
      const verified = { findings: Array.from({ length: findings }, () => ({ message: '' })), gaps }
      const { lost, twice, unexplained } = judge({ records, ranges, optional: new Set(optional) }, found, verified)
      return [lost, twice, unexplained]
    }
    assert.deepEqual(verdict(rows), [0, 0, 0])
    assert.deepEqual(verdict([]), [4, 0, 4])
    assert.deepEqual(verdict(rows.slice(1)), [1, 0, 1])
    assert.deepEqual(verdict(rows.slice(1), { optional: ['1|0|0'], gaps: [{ ...gap, offsets: 2 }] }), [0, 0, 0])
    assert.deepEqual(verdict([row('0', 'other'), ...rows.slice(1)]), [1, 0, 0])
    assert.deepEqual(verdict([...rows, row('2')]), [0, 1, 0])
    assert.deepEqual(verdict([...rows, row('3')]), [0, 1, 0])
    assert.deepEqual(verdict([...rows, row('0', 'd0', 2)]), [0, 1, 0])
    assert.deepEqual(verdict(rows, { gaps: [] }), [0, 0, 1])
    assert.deepEqual(verdict(rows, { gaps: [{ ...gap, offsets: 2 }] }), [0, 0, 1])
    assert.deepEqual(verdict(rows, { findings: 2 }), [0, 0, 2])
  })

  it('read which incarnation and offset a row is of, and nothing where there is no file', async () => {
    const rows = await judged(
      [{ name: 'orders+3+0000000005' }, { name: 'orders+3+0000000005+2' }].map((file) => ({ ...file, offsets: [5] })),
      rowsOfFiles,
    )
    const places = rows.map(({ incarnation, partition, offset }) => [incarnation, partition, offset])
    assert.deepEqual(places.sort(), [
      [1, 3, '5'],
      [2, 3, '5'],
    ])
    assert.equal(rows[0]?.digest, rows[1]?.digest)
    assert.deepEqual(await rowsOfFiles('/nowhere'), [])
  })
})

interface JudgedFile {
  name: string
  offsets: number[]
  hour?: string
}

const archive = (files: JudgedFile[]) => judged(files, contentOfFiles)

/** What a judge says of files with rows of partition 3 at 10:30, written by DuckDB. */
async function judged<Result>(files: JudgedFile[], look: (root: string) => Promise<Result>): Promise<Result> {
  const root = await mkdtemp(join(tmpdir(), 'coldstream-judged-'))
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    for (const { name, offsets, hour = '10' } of files) {
      const folder = join(root, `orders/year=2026/month=01/day=14/hour=${hour}`)
      await mkdir(folder, { recursive: true })
      await connection.run(`COPY (SELECT 3::INTEGER AS record_partition, unnest([${offsets}])::BIGINT AS record_offset,
        TIMESTAMPTZ '2026-01-14 10:30:00Z' AS record_timestamp, 'k'::BLOB AS record_key, 'v'::BLOB AS record_value,
        [{key: 'a', value: 'x'::BLOB}, {key: 'b', value: 'y'::BLOB}] AS record_headers)
        TO '${join(folder, name)}.parquet'`)
    }
    return await look(root)
  } finally {
    connection.closeSync()
    instance.closeSync()
    await rm(root, { recursive: true })
  }
}
