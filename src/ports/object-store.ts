/**
 * A place for immutable objects, addressed by path. Paths are relative to the archive's root, use `/`, never begin with
 * one and never hold `.` or `..` segments. The archive needs nothing of a store but create-if-absent being atomic:
 * of any number of writers to one path exactly one is told `created`, and a reader sees the whole object or none.
 */
export interface ObjectStore {
  /** Where the root is, for messages: `file:///…` or `s3://bucket/prefix`. Never holds credentials. */
  readonly url: string

  /** The whole object. Throws NotFoundError `object-not-found`. */
  get(path: string): Promise<Buffer>

  /** Bytes `[start, end)`, clipped to the object's end. Throws NotFoundError `object-not-found`. */
  getRange(path: string, start: number, end: number): Promise<Buffer>

  /** Size of the object, or null when there is none. */
  head(path: string): Promise<ObjectInfo | null>

  /** Objects whose path begins with `prefix`, in ascending order of the path's UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>

  /**
   * Names of the folders directly in `folder` that objects are in, in ascending order of their UTF-8 bytes; without looking
   * at those objects one by one. `folder` is empty or ends with `/`.
   */
  folders(folder: string): Promise<string[]>

  /**
   * Stores the object unless one is there. `exists` may also be the answer to the caller's own write whose response was
   * lost, so a caller that cares reads and compares. `chunks` are written one after the other and not kept.
   */
  createIfAbsent(path: string, chunks: readonly Uint8Array[]): Promise<'created' | 'exists'>

  /** Removes the object; no error when there is none. */
  delete(path: string): Promise<void>

  /** Lets go of connections. The store is not used afterwards. */
  close(): Promise<void>
}

export interface ObjectInfo {
  path: string
  bytes: number
}

export interface ListOptions {
  /** Only paths greater than this one (whether or not it exists). */
  startAfter?: string
  /** At most so many objects; lets an adapter ask for no more than it needs. */
  limit?: number
}
