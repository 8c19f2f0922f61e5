/**
 * Gives memory back without waiting for the garbage collector, which would look through all of the heap for every few dozen
 * megabytes that come and go outside of it. Whoever looks at the bytes later gets an error. Bytes that share their memory keep it.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = bytes
  // who asked for the bytes may have asked for one more, to see their end
  const isOwn = byteOffset === 0 && buffer.byteLength > Buffer.poolSize && buffer.byteLength <= byteLength + 1
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
