import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where the kit keeps the servers it fetched or built, outside the clone so that the next clone finds them. */
export const kitCacheDir: string = process.env.COLDSTREAM_KIT_CACHE ?? join(homedir(), '.cache', 'coldstream-kit')
mkdirSync(kitCacheDir, { recursive: true })
