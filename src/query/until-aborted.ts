/** What the promise becomes, unless the signal aborts before: then its reason is thrown, and what goes on goes on unseen. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const settled = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled.signal })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    settled.abort()
  }
}

/** Aborts when the last of the signals does, with its reason. `done` says that nobody listens any more. */
export function whenAllAbort(signals: readonly AbortSignal[]): { signal: AbortSignal; done: () => void } {
  const all = new AbortController()
  const listening = new AbortController()
  const waiting = new Set(signals.filter(({ aborted }) => !aborted))
  for (const signal of waiting) {
    const leave = () => {
      waiting.delete(signal)
      if (waiting.size === 0) all.abort(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true, signal: listening.signal })
  }
  return { signal: all.signal, done: () => listening.abort() }
}
