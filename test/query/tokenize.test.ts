import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { tokenize } from '../../src/query/template/tokenize.ts'

const kinds = (sql: string) => tokenize(sql, 1).tokens.filter(({ kind }) => kind !== 'text')
const problems = (sql: string) => tokenize(sql, 1).problems

describe('The template tokenizer', () => {
  it('finds placeholders with their lines, and none in strings, quoted names, comments or casts', () => {
    const sql = `SELECT ':a' , ":b" , x::int -- :c {d}
      /* :e
         {f} */ , 'it''s :g', :real - 1 / 2
      FROM {topic}`
    assert.deepEqual(problems(sql), [])
    assert.deepEqual(kinds(sql), [
      { kind: 'value', name: 'real', line: 3 },
      { kind: 'identifier', name: 'topic', line: 4 },
    ])
  })

  it('gives the text back as it was', () => {
    const piece = fc.constantFrom(
      "'a:b'",
      '"{x}"',
      '-- :c\n',
      '/* {d} */',
      ':value',
      '{name}',
      '{has_header :a :b}',
      ' ',
      'x',
      '::',
      '1-2',
      '/',
      '=',
      "''",
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join(' ')
        const { tokens, problems: found } = tokenize(sql, 1)
        assert.deepEqual(found, [])
        const text = (token: (typeof tokens)[number]) =>
          token.kind === 'text'
            ? token.text
            : token.kind === 'value'
              ? `:${token.name}`
              : token.kind === 'identifier'
                ? `{${token.name}}`
                : `{${[token.fragment, ...token.names.map((name) => `:${name}`)].join(' ')}}`
        assert.equal(tokens.map(text).join(''), sql)
        const isPlace = (written: string) => [':value', '{name}', '{has_header :a :b}'].includes(written)
        assert.equal(tokens.filter(({ kind }) => kind !== 'text').length, pieces.filter(isPlace).length)
      }),
    )
  })

  it('ends or explains itself whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`'"-/*:{}$?;\\eE ab\n`) }), (sql) => {
        const { tokens, problems: found } = tokenize(sql, 1)
        assert.ok(found.length > 0 || tokens.length > 0 || /^\s*;?\s*$/.test(sql))
        for (const { line } of found) assert.ok(line >= 1 && line <= sql.split('\n').length)
      }),
    )
  })

  it('refuses what engines read differently, at its line', () => {
    const cases: [string, string][] = [
      ["SELECT 1,\n 'open", 'a string is not closed'],
      ['SELECT 1,\n "open', 'a quoted identifier is not closed'],
      ['SELECT 1,\n /* open', 'a comment is not closed, or holds another one'],
      ['SELECT 1,\n {headr :a}', 'there is no fragment `headr`: header_value, has_header'],
      ['SELECT 1,\n {has_header :a}', 'the fragment `has_header` takes 2 parameters'],
      ['SELECT 1,\n /* a /* b */ */', 'a comment is not closed, or holds another one'],
      ['SELECT 1,\n $$text$$', '`$` is not allowed: write parameters as :name'],
      ['SELECT 1,\n ?', '`?` is not allowed: write parameters as :name'],
      ['SELECT 1,\n {A}', 'a topic is written {name}, a fragment {name :parameter}'],
      ['SELECT 1,\n :Upper', 'a parameter is written :name, in lower case'],
      ["SELECT 1,\n E'\\''", "E'…' strings are read differently by SQL engines: write a plain string"],
      ['SELECT 1;\n SELECT 2', 'a template is one statement: nothing may follow the `;`'],
    ]
    for (const [sql, message] of cases) {
      const first = problems(sql)[0]
      assert.equal(first?.message, message, sql)
      assert.equal(first?.line, 2, sql)
    }
    assert.deepEqual(problems('SELECT 1; -- done\n'), [])
  })
})
