import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rowsOfFiles } from './judge-archive.ts'
import type { Round } from './round.ts'

/** A segment of an archive, with its offsets as DuckDB reads them. */
export interface ReadSegment {
  path: string
  partition: number
  /** Offsets as decimal text. */
  offsets: ReadonlySet<string>
  first: string
  last: string
}

/** One of the archive's segments, another one in every round. */
export async function segmentOf(round: Round, objects: ReadonlyMap<string, Buffer>): Promise<ReadSegment> {
  const paths = [...objects.keys()].filter((key) => key.endsWith('.parquet'))
  const path = paths[Math.floor(round.random() * paths.length)]!
  const folder = join(round.folder, 'segment')
  await mkdir(folder)
  await writeFile(join(folder, path.slice(path.lastIndexOf('/') + 1)), objects.get(path)!)
  const rows = await rowsOfFiles(folder)
  const offsets = rows.map(({ offset }) => offset).sort((a, b) => Number(a) - Number(b))
  return { path, partition: rows[0]!.partition, offsets: new Set(offsets), first: offsets[0]!, last: offsets.at(-1)! }
}

/** Takes every record but those of the segment. */
export function without({ partition, offsets }: ReadSegment): (partition: number, offset: string) => boolean {
  return (of, offset) => of !== partition || !offsets.has(offset)
}
