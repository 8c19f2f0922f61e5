/**
 * Runs several works until all have ended. The first that fails ends the others, by the signal that they are given; when
 * they have ended too, its failure is thrown.
 */
export async function together(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const failed = new AbortController()
  const stop = AbortSignal.any([signal, failed.signal])
  const failures: unknown[] = []
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(stop)
      } catch (error) {
        failures.push(error)
        failed.abort()
      }
    }),
  )
  if (failures.length > 0) throw failures[0]
}
