import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { ColdstreamError, DamagedDataError, InvalidInputError } from '../../../src/errors.ts'
import { SegmentReader } from '../../../src/format/parquet/index.ts'
import { python } from '../../kit/python.ts'
import { withFiles } from './other-readers.ts'
import { codecs, openSegment, type Row, readRows, rowsOf, type TestRecord, writeSegment } from './segment-kit.ts'

const records = Array.from(
  { length: 60 },
  (_, i): TestRecord => ({
    offset: BigInt(i * 2),
    timestampMs: 1.7e12 + i,
    key: i % 5 === 0 ? null : Buffer.from(`key-${i}`),
    value: i % 7 === 0 ? null : Buffer.from(`a value, and again a value ${i}`),
    headers: [{ key: Buffer.from('h'), value: i % 2 === 0 ? null : Buffer.from('x') }].slice(0, i % 3),
  }),
)
const expected = rowsOf(records)
const files = await Promise.all(
  codecs.map(async (codec) => {
    const { file } = writeSegment(records, { codec, rowGroupRows: 25 })
    return { file, pagesEnd: (await openSegment(file)).rowGroups.at(-1)!.endByte }
  }),
)
const someFile = fc.constantFrom(...files)

/** The rows, or null when the file was refused. Anything but a refusal with a code of ours fails the test. */
async function readOrRefuse(file: Buffer): Promise<Row[] | null> {
  try {
    const reader = await openSegment(file, 'orders+7+0.parquet')
    await reader.readOffsets()
    return await readRows(reader)
  } catch (error) {
    assert.ok(error instanceof ColdstreamError, `${error instanceof Error ? error.stack : error}`)
    assert.match(error.code, /^segment-(damaged|foreign)$/)
    assert.match(error.message, /orders\+7\+0\.parquet/)
    return null
  }
}

test('a flipped bit in a page is found, wherever it is', async () => {
  await fc.assert(
    fc.asyncProperty(someFile, fc.nat(), fc.nat({ max: 7 }), async ({ file, pagesEnd }, at, bit) => {
      const damaged = Buffer.from(file)
      damaged[4 + (at % (pagesEnd - 4))]! ^= 1 << bit
      const rows = await readOrRefuse(damaged)
      if (rows !== null) assert.deepEqual(rows, expected)
    }),
    { numRuns: 1500 },
  )
})

test('flipped bits in the footer and in the indexes never end in anything but rows or a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(
      someFile,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
      async ({ file, pagesEnd }, changes) => {
        const damaged = Buffer.from(file)
        for (const [at, byte] of changes) damaged[pagesEnd + (at % (file.length - pagesEnd))] = byte
        await readOrRefuse(damaged)
      },
    ),
    { numRuns: 2000 },
  )
})

test('a file that ends too early is refused', async () => {
  await fc.assert(
    fc.asyncProperty(someFile, fc.nat(), async ({ file }, length) => {
      assert.equal(await readOrRefuse(file.subarray(0, length % file.length)), null)
    }),
    { numRuns: 300 },
  )
})

test('a store that holds less than it says is refused', async () => {
  const { file } = files[0]!
  const source = { path: 'a/b.parquet', bytes: file.length + 10, read: async () => file.subarray(10) }
  await assert.rejects(SegmentReader.open(source), DamagedDataError)
})

test('any bytes in place of the footer are refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (garbage, nested) => {
      const footer = nested ? Buffer.concat([Buffer.alloc(100, 0x1c), garbage]) : Buffer.from(garbage)
      const tail = Buffer.alloc(8)
      tail.writeUInt32LE(footer.length)
      tail.write('PAR1', 4)
      assert.equal(await readOrRefuse(Buffer.concat([Buffer.from('PAR1'), footer, tail])), null)
    }),
    { numRuns: 1000 },
  )
})

test('Parquet files of others are called foreign', async () => {
  const script = `
import sys, pyarrow as pa, pyarrow.parquet as pq
pq.write_table(pa.table({'a': [1, 2, 3]}), sys.argv[1])
table = pq.read_table(sys.argv[2])
pq.write_table(table, sys.argv[2], use_dictionary=True)
`
  await withFiles([Buffer.alloc(0), files[0]!.file], async ([other, rewritten]) => {
    await python(script, [other!, rewritten!])
    for (const path of [other!, rewritten!]) {
      await assert.rejects(openSegment(await readFile(path), path), (error: unknown) => {
        assert.ok(error instanceof InvalidInputError)
        assert.equal(error.code, 'segment-foreign')
        assert.ok(error.message.includes(path))
        return true
      })
    }
  })
})
