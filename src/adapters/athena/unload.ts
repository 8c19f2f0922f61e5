import { text } from 'node:stream/consumers'
import type { ResultObjects } from './result-objects.ts'

/** URLs of the files that an UNLOAD wrote, from its manifest: a line each. */
export async function unloadedFiles(objects: ResultObjects, manifest: string, signal: AbortSignal): Promise<string[]> {
  const lines = await text(await objects.open(manifest, signal))
  return lines
    .split('\n')
    .map((line) => line.trim().replace(/^"(.*)"$/, '$1'))
    .filter((line) => line !== '')
}
