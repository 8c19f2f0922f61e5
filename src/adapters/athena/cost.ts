const MB = 1024 ** 2
const TB = 1024 ** 4
/** The least that is billed of a statement that scans at all. */
const LEAST_BYTES = 10 * MB

/** What Athena bills for a scan, in US dollars: whole megabytes, ten at least. */
export function costOf(scannedBytes: number, pricePerTb: number): number {
  if (scannedBytes === 0) return 0
  const billed = Math.max(LEAST_BYTES, Math.ceil(scannedBytes / MB) * MB)
  return (billed / TB) * pricePerTb
}
