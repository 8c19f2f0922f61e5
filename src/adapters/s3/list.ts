import type { ListObjectsV2CommandOutput, ListObjectsV2Request } from '@aws-sdk/client-s3'
import { byBytes, objectPathFault } from '../../ports/object-path.ts'
import type { ListOptions, ObjectInfo } from '../../ports/object-store.ts'
import { unfitStore } from './errors.ts'

/** Most keys S3 puts on one page of a listing. */
const maxKeysPerPage = 1000

export interface Listing extends ListOptions {
  /** Where the archive begins in the bucket: empty, or ends with `/`. */
  root: string
  /** Beginning of the paths wanted, below the root. */
  prefix: string
}

/** Asks for one page. */
export type FetchPage = (request: Omit<ListObjectsV2Request, 'Bucket'>) => Promise<ListObjectsV2CommandOutput>

/**
 * Objects whose path begins with a prefix, page by page, in the order of their bytes.
 *
 * The requests keep to what MinIO answers right (measured against its 2026-02 source): a page of one key, a StartAfter
 * deep in a folder, and StartAfter in the place of a continuation token all make it end a listing too early, silently.
 * What StartAfter then lets through is left out here, and so are folder marks that consoles leave behind: their paths
 * cannot be addressed. `url` names the store in errors.
 */
export async function* listObjects(listing: Listing, fetchPage: FetchPage, url: string): AsyncGenerator<ObjectInfo> {
  const { root, startAfter = '' } = listing
  const Prefix = root + listing.prefix
  const StartAfter = shallowStart(Prefix, root + startAfter)
  const begin = Buffer.from(root + startAfter)
  let left = listing.limit ?? Number.POSITIVE_INFINITY
  // Where keys before `startAfter` come first and are left out, a small page would only bring a few of those.
  const isExact = StartAfter === root + startAfter || startAfter === ''
  const leastKeys = isExact ? 2 : maxKeysPerPage
  let last = Buffer.alloc(0)
  let token: string | undefined
  while (left > 0) {
    const page = await fetchPage({
      Prefix,
      MaxKeys: Math.min(Math.max(left, leastKeys), maxKeysPerPage),
      ...(StartAfter === '' ? {} : { StartAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      const key = Buffer.from(Key)
      if (last.compare(key) >= 0) throw unfitStore(url, `its listing is not in the order of bytes at ${Key}`)
      last = key
      const path = Key.slice(root.length)
      if (begin.compare(key) >= 0 || objectPathFault(path) !== null) continue
      yield { path, bytes: Size }
      left -= 1
      if (left <= 0) return
    }
    token = nextPage(page, token, url)
    if (token === undefined) return
  }
}

/** Names of the folders below a key prefix that is empty or ends with `/`; S3 counts what is in each as one key of a page. */
export async function listFolders(prefix: string, fetchPage: FetchPage, url: string): Promise<string[]> {
  const names: string[] = []
  let token: string | undefined
  do {
    const page = await fetchPage({
      Prefix: prefix,
      Delimiter: '/',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    })
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
      const name = Prefix.slice(prefix.length, -1)
      if (objectPathFault(name) === null) names.push(name)
    }
    token = nextPage(page, token, url)
  } while (token !== undefined)
  return names.sort(byBytes)
}

/** The token that the next page is asked for by; undefined behind the last one. */
function nextPage(page: ListObjectsV2CommandOutput, token: string | undefined, url: string): string | undefined {
  if (page.IsTruncated !== true) return undefined
  const next = page.NextContinuationToken
  if (next === undefined || next === token) {
    throw unfitStore(url, 'its listing says that there is more, but not where')
  }
  return next
}

/** The last key at or before `startAfter` that lies directly in the folder of the prefix; empty when there is none. */
function shallowStart(prefix: string, startAfter: string): string {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  if (startAfter === folder) return ''
  if (startAfter.startsWith(folder)) return folder + startAfter.slice(folder.length).split('/')[0]
  // Before all that has the prefix, or behind it.
  return byBytes(startAfter, folder) < 0 ? '' : startAfter
}
