import {
  type BatchColumn,
  isEmpty,
  type KeyRange,
  keysWithin,
  maxProbedKeys,
  type PageInfo,
  type SegmentReader,
  sortedKeys,
} from '../parquet/index.ts'
import type { RowBatch } from '../row-batch.ts'
import { offsetsBetween } from '../sorted-offsets.ts'
import { HeaderMatcher } from './header-matcher.ts'
import { KeyMatcher } from './key-matcher.ts'
import { Narrowing } from './narrowing.ts'
import { pickedTest } from './picked-offsets.ts'
import type { RowCriteria } from './row-criteria.ts'
import { coversOffsets, coversTimes, offsetTest, overlaps, type RowWindow, timeTest } from './row-window.ts'

/** A row group that may hold wanted rows. */
export interface GroupPart {
  group: number
  /** The pages that may; null: the whole group is wanted as it is. */
  pages: readonly PageInfo[] | null
}

/** A condition, and the column that it is about. */
interface RowTest {
  column: BatchColumn
  test: (rows: RowBatch, row: number) => boolean
}

/** Finds the rows of a segment that meet all conditions: by what is known of them without reading, then by reading. */
export class WantedRows {
  readonly #window: RowWindow
  readonly #keys: KeyRange | null
  readonly #keyMatcher: KeyMatcher | null
  readonly #headerMatcher: HeaderMatcher | null
  readonly #picked: BigInt64Array | null

  /** `picked`: ascending offsets, of which a wanted row has one; null: no condition. */
  constructor(window: RowWindow, criteria: RowCriteria | null, picked: BigInt64Array | null) {
    this.#window = window
    this.#keys = criteria?.keys ? sortedKeys(criteria.keys) : null
    this.#keyMatcher = this.#keys === null ? null : new KeyMatcher(this.#keys)
    this.#headerMatcher =
      criteria === null || criteria.headers.length === 0 ? null : new HeaderMatcher(criteria.headers)
    this.#picked = picked
  }

  /** What of a row group may be wanted, by its bounds, its bloom filter and its page index; null: nothing. */
  async find(reader: SegmentReader, group: number): Promise<GroupPart | null> {
    const bounds = reader.rowGroups[group]!
    if (!overlaps(this.#window, bounds)) return null
    const keys = this.#keys === null ? null : await presentKeys(reader, group, keysWithin(this.#keys, bounds))
    if (keys !== null && isEmpty(keys)) return null
    const isWhole = coversOffsets(this.#window, bounds) && coversTimes(this.#window, bounds)
    if (isWhole && keys === null && this.#headerMatcher === null && this.#picked === null) return { group, pages: null }
    const pages = (await reader.pagesOf(group)).filter(
      (page) =>
        overlaps(this.#window, page) &&
        (keys === null || !isEmpty(keysWithin(keys, page))) &&
        (this.#picked === null || offsetsBetween(this.#picked, page.minOffset, page.maxOffset).length > 0),
    )
    return pages.length === 0 ? null : { group, pages }
  }

  /**
   * Reads the wanted rows of what was found, ascending also from batch to batch. `goesOn` is told how many rows of some pages are
   * wanted before all of them is read, and may stop it there.
   */
  async *read(
    reader: SegmentReader,
    { group, pages }: GroupPart,
    goesOn: (rows: number) => boolean = () => true,
  ): AsyncGenerator<RowBatch, void, undefined> {
    if (pages === null) {
      yield* reader.readByPages(group)
      return
    }
    const rows = new Narrowing(reader, group, pages)
    const unread = new Set<BatchColumn>(['offset', 'timestamp', 'key', 'headers', 'value'])
    for (const { column, test } of this.#tests(pages)) {
      await rows.keep(column, test)
      unread.delete(column)
    }
    if (!goesOn(rows.count)) return
    await rows.read([...unread])
    yield rows.rows
  }

  /** What remains to be asked of rows of these pages, column by column, in an order in which few bytes decide first. */
  #tests(pages: readonly PageInfo[]): RowTest[] {
    const window = this.#window
    const keys = this.#keyMatcher
    const headers = this.#headerMatcher
    const tests: RowTest[] = []
    const offsets = pages.every((page) => coversOffsets(window, page)) ? [] : [offsetTest(window)]
    if (this.#picked !== null) offsets.push(pickedTest(this.#picked, pages[0]!.minOffset))
    if (offsets.length > 0) tests.push({ column: 'offset', test: (rows, row) => offsets.every((of) => of(rows, row)) })
    if (!pages.every((page) => coversTimes(window, page))) tests.push({ column: 'timestamp', test: timeTest(window) })
    if (keys !== null) tests.push({ column: 'key', test: (rows, row) => keys.matches(rows.key, row) })
    if (headers !== null) tests.push({ column: 'headers', test: (rows, row) => headers.matches(rows.headers, row) })
    return tests
  }
}

/** Leaves out the keys that the bloom filter knows not to be there. */
async function presentKeys(reader: SegmentReader, group: number, keys: KeyRange): Promise<KeyRange> {
  const { exact, prefixes } = keys
  if (exact.length === 0 || exact.length > maxProbedKeys) return keys
  const mayHold = await reader.mayHoldKeys(group, exact)
  return { exact: exact.filter((_, i) => mayHold[i]), prefixes }
}
