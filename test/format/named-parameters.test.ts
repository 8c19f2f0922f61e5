import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toPositional } from '../../src/format/named-parameters.ts'

describe('Named parameters as positional ones', () => {
  it('keep every place of the text where it was', () => {
    const sql = 'SELECT $a, \'$b\', "$c" -- $d\n, $long_name /* $e */ FROM t WHERE x = $a'
    const { sql: positional, names } = toPositional(sql)
    assert.deepEqual(names, ['a', 'long_name', 'a'])
    assert.equal(positional, 'SELECT ? , \'$b\', "$c" -- $d\n, ?          /* $e */ FROM t WHERE x = ? ')
  })

  it('are not looked for in what is not closed', () => {
    for (const open of ["'", '"', '/* ', '-- '])
      assert.deepEqual(toPositional(`SELECT $a ${open} $b`).names, ['a'], open)
  })

  it('are found in a text that is made to be slow, a look a character', () => {
    const texts = ['/* ', "'", '"', '/*/', "'a", '$', '--'].map((piece) => piece.repeat(100_000))
    for (const text of texts) assert.equal(toPositional(text).sql.length, text.length)
  })
})
