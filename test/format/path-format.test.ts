import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidInputError } from '../../src/errors.ts'
import { parsePathFormat } from '../../src/format/path-format.ts'

const moment = new Date(Date.UTC(2025, 0, 14, 9, 5, 7))

describe('a path format', () => {
  it('renders the fields of the sink’s own example, week-year read as year', () => {
    assert.equal(
      parsePathFormat("'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH").render(moment),
      'year=2025/month=01/day=14/hour=09',
    )
  })

  it('takes quoted text with a quote in it, separators without quotes, minutes and seconds', () => {
    assert.equal(parsePathFormat("'o''clock'=HH-mm-ss").render(moment), "o'clock=09-05-07")
    assert.equal(parsePathFormat("yyyy''MM").render(moment), "2025'01")
  })

  it('gives the year before the end of December as the calendar does, not as the week does', () => {
    assert.equal(parsePathFormat('YYYY').render(new Date(Date.UTC(2024, 11, 30))), '2024')
  })

  it('knows the width of its finest field', () => {
    assert.equal(parsePathFormat('yyyy/MM/dd').finestFieldMs, 86_400_000)
    assert.equal(parsePathFormat('yyyy/MM/dd/HH').finestFieldMs, 3_600_000)
  })

  for (const [pattern, problem] of [
    ["'year=YYYY", /quote is not closed/],
    ["'day'=DD", /'DD' is not known \(the day of the month is dd\)/],
    ["'week'=ww", /'ww' is not known/],
    ["'nothing'", /no time field/],
    ["'..'/yyyy", /leave the archive/],
    ['yyyy//MM', /folder name is empty/],
    ['/yyyy', /folder name is empty/],
    ["'a+b'=yyyy", /"\+" is not allowed/],
    ["'a\u0000'=yyyy", /not allowed/],
  ] as const) {
    it(`refuses ${JSON.stringify(pattern)} and says why`, () => {
      assert.throws(
        () => parsePathFormat(pattern),
        (error) => error instanceof InvalidInputError && problem.test(error.message),
      )
    })
  }
})
