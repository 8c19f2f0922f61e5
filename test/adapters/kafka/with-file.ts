import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Hands a tool its input as a file, for tools that cannot read a pipe; the file is gone afterwards. */
export async function withFile<T>(content: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-input-'))
  try {
    const path = join(folder, 'input')
    await writeFile(path, content, { mode: 0o600 })
    return await use(path)
  } finally {
    await rm(folder, { recursive: true })
  }
}
