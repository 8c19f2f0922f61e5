import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { DamagedDataError } from '../../src/errors.ts'
import { decodeEntry, encodeEntry } from '../../src/format/log-codec.ts'
import { anyEntry, commitOf, intend } from './log-samples.ts'

const PATH = 'log/t/0/00000000000000000000.json'

/** The entry's JSON with one field put otherwise. */
function changed(entry: Parameters<typeof encodeEntry>[0], change: (json: Record<string, never>) => void): Buffer {
  const json = JSON.parse(encodeEntry(entry).toString())
  change(json)
  return Buffer.from(JSON.stringify(json))
}

suite('a log entry', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        assert.deepEqual(decodeEntry(PATH, encodeEntry(entry)), entry)
      }),
    )
  })

  test('is JSON with offsets as decimal strings and one object per reason of gaps', () => {
    const json = JSON.parse(encodeEntry(intend(7, 2n ** 60n)).toString())
    assert.equal(json.version, 1)
    assert.equal(json.from, '1152921504606846976')
    assert.deepEqual(json.gaps, [
      { reason: 'control', firstOffset: '1152921504606846985', lastOffset: '1152921504606846985', offsets: '1' },
    ])
  })

  test('that is cut off anywhere is damage', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), (entry, at) => {
        const bytes = encodeEntry(entry)
        const cut = bytes.subarray(0, at % (bytes.length - 2))
        assert.throws(() => decodeEntry(PATH, cut), { code: 'log-entry-damaged', message: new RegExp(PATH) })
      }),
    )
  })

  test('with any byte changed raises nothing but damage that names the object', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.integer({ min: 0, max: 255 }), (entry, at, byte) => {
        const bytes = encodeEntry(entry)
        bytes[at % bytes.length] = byte
        try {
          decodeEntry(PATH, bytes)
        } catch (error) {
          assert.ok(error instanceof DamagedDataError && error.message.includes(PATH), String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('of a newer version or an unknown kind says that a newer Coldstream wrote it', () => {
    for (const field of [{ version: 2 }, { kind: 'replace' }]) {
      assert.throws(
        () =>
          decodeEntry(
            PATH,
            changed(intend(0, 0n), (json) => Object.assign(json, field)),
          ),
        {
          code: 'log-entry-newer',
          message: new RegExp(PATH),
        },
      )
    }
  })

  test('with a path that leads out of the archive is damage', () => {
    for (const path of ['/etc/passwd', 'topics/../../x', 'a//b', '', 'a/./b', 'a\\b', 'a\u0000b', 'a/']) {
      const entry = commitOf(intend(0, 0n))
      entry.segments[0]!.path = path
      assert.throws(() => decodeEntry(PATH, encodeEntry(entry)), { code: 'log-entry-damaged' }, JSON.stringify(path))
    }
  })

  test('with numbers that cannot be is damage', () => {
    const entry = JSON.parse(encodeEntry(commitOf(intend(0, 0n))).toString())
    const wrongs: [string, unknown][] = [
      ['firstOffset', '-1'],
      ['firstOffset', 5],
      ['firstOffset', '9223372036854775808'],
      ['firstOffset', '1e3'],
      ['firstOffset', '07'],
      ['lastOffset', '0'],
      ['records', 10],
      ['records', 1.5],
      ['records', -1],
      ['bytes', '12'],
      ['sha256', 'xy'],
      ['minTimestampMs', null],
    ]
    for (const [name, value] of wrongs) {
      const segments = [{ ...entry.segments[0], firstOffset: '3', lastOffset: '9', records: 7, [name]: value }]
      const bytes = Buffer.from(JSON.stringify({ ...entry, segments }))
      assert.throws(() => decodeEntry(PATH, bytes), { code: 'log-entry-damaged' }, `${name}: ${value}`)
    }
  })
})
