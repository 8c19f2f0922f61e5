/**
 * DuckDB up to 1.5 probes a bloom filter of bytes not with the bytes of a constant but with their display, `\\xFF` for what
 * is no plain ASCII (https://github.com/duckdb/duckdb/pull/23829, mended in 2.0): `record_key = …` would silently find no
 * row. So such keys are in the filter a second time, as it writes them; for other readers that is one more absent key.
 */

/** Whether DuckDB displays the key otherwise than it is. */
export function isMisread(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (!isPlain(bytes[i]!)) return true
  return false
}

/** The key as DuckDB displays it. The bytes are overwritten by the next call. */
export function misread(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (scratch.length < length * 4) scratch = new Uint8Array(length * 8)
  let end = 0
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!
    if (isPlain(byte)) {
      scratch[end++] = byte
      continue
    }
    scratch[end++] = BACKSLASH
    scratch[end++] = X
    scratch[end++] = HEX.charCodeAt(byte >>> 4)
    scratch[end++] = HEX.charCodeAt(byte & 15)
  }
  return scratch.subarray(0, end)
}

const BACKSLASH = 0x5c
const X = 0x78
const HEX = '0123456789ABCDEF'

let scratch = new Uint8Array(1024)

/** Printable ASCII but for backslash and quotes. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e && byte !== BACKSLASH && byte !== 0x27 && byte !== 0x22
}
