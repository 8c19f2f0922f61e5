import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { csvLine } from '../../src/query/output/csv.ts'
import { jsonRow, jsonValue, uniqueNames } from '../../src/query/output/json.ts'
import { textCell } from '../../src/query/output/text.ts'

const bytes = (...values: number[]) => new Uint8Array(values)

describe('A result as JSON', () => {
  it('keeps large numbers and bytes without loss', () => {
    assert.equal(jsonValue(9007199254740991n), 9007199254740991)
    assert.equal(jsonValue(9007199254740992n), '9007199254740992')
    assert.equal(jsonValue(Number.NaN), 'NaN')
    assert.equal(jsonValue(bytes(0xc3, 0xa4)), 'ä')
    assert.deepEqual(jsonValue(bytes(0xff, 0)), { base64: '/wA=' })
    assert.deepEqual(jsonValue([{ key: 'h', value: bytes(0x61) }, null]), [{ key: 'h', value: 'a' }, null])
  })

  it('gives columns of the same name their own keys', () => {
    const names = uniqueNames(['a', 'a', 'a_1', 'b'].map((name) => ({ name, type: 'INTEGER' })))
    assert.equal(new Set(names).size, 4)
    assert.deepEqual(names.slice(0, 2), ['a', 'a_1'])
    assert.deepEqual(jsonRow(['x', 'y'], [1n, null]), { x: 1, y: null })
  })

  it('gives bytes back from either form', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        const json = jsonValue(value)
        const back =
          typeof json === 'string' ? Buffer.from(json) : Buffer.from((json as { base64: string }).base64, 'base64')
        assert.deepEqual(new Uint8Array(back), value)
      }),
    )
  })
})

describe('A result as CSV', () => {
  it('quotes what RFC 4180 asks for, and tells NULL from the empty text', () => {
    assert.equal(
      csvLine([null, '', 'a', 'a,b', 'say "hi"', 'two\nlines', 7n, true]),
      ',"",a,"a,b","say ""hi""","two\nlines",7,true\r\n',
    )
    assert.equal(csvLine([bytes(0x61), bytes(0xff), [1, null], { k: 'v' }]), 'a,/w==,"[1,null]","{""k"":""v""}"\r\n')
  })

  it('is read back by an independent rule: fields split at commas outside quotes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'a",\r\n ') }), { minLength: 1 }), (row) => {
        const line = csvLine(row).slice(0, -2)
        const fields = [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,"\r\n]*)/g)].map((match) => match[1]!)
        assert.deepEqual(
          fields.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)),
          row,
        )
      }),
    )
  })
})

describe('A result on a terminal', () => {
  it('shows bytes as text or hex, and never sends a control character', () => {
    assert.equal(textCell(null), 'NULL')
    assert.equal(textCell(bytes(0x61, 0x62)), 'ab')
    assert.equal(textCell(bytes(0xff, 0x01)), '0xff01')
    assert.equal(textCell('a\u001b[2J\nb\u202e'), 'a\\u{1b}[2J\\nb\\u{202e}')
    assert.equal(textCell([{ key: 'trace', value: bytes(1) }]), '[{"key":"trace","value":"\\u0001"}]')
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        assert.doesNotMatch(textCell(value), /\p{Cc}/u)
      }),
    )
  })
})
