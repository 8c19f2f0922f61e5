import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvRows } from '../../../src/adapters/athena/csv.ts'

async function parse(text: string, cuts: readonly number[] = []): Promise<(string | null)[][]> {
  const bytes = Buffer.from(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
  return await Array.fromAsync(
    csvRows(
      (async function* () {
        yield* chunks
      })(),
    ),
  )
}

test('any rows are read as they were written, wherever the stream is cut', async () => {
  const field = fc.option(fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'ä', '🎈', ' ') }))
  // A row of a single NULL is an empty line, as Athena writes it too.
  const rows = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 6 })
  const cuts = fc.array(fc.nat(200), { maxLength: 6 })
  const property = fc.asyncProperty(rows, cuts, async (written, places) => {
    const quoted = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)
    const text = written.map((row) => `${row.map(quoted).join(',')}\n`).join('')
    assert.deepEqual(await parse(text, places), written)
  })
  await fc.assert(property, { numRuns: 300 })
})

test('the last line may lack its break; an object that ends within a value is refused', async () => {
  assert.deepEqual(await parse('"a","b"\n"c",'), [
    ['a', 'b'],
    ['c', null],
  ])
  await assert.rejects(parse('"a"\n"b'), /ends within a value/)
  await assert.rejects(parse('"a"b\n'), /behind a value/)
})
