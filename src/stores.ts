import { openFileStore } from './adapters/file/store.ts'
import type { S3Options } from './adapters/s3/options.ts'
import { openS3Store } from './adapters/s3/store.ts'
import type { ObjectStore } from './ports/object-store.ts'

/** Where an archive is and how to get there; plain data, so that a thread can be told. */
export interface StoreAddress {
  /** `file:///path` or `s3://bucket/prefix`. */
  url: string
  s3: S3Options
}

/** Opens the store that the URL's scheme names. */
export async function openStore({ url, s3 }: StoreAddress): Promise<ObjectStore> {
  return url.startsWith('s3:') ? openS3Store(url, s3) : openFileStore(url)
}
