import type { Capture } from './capture.ts'

/** All that is public of a capture. */
export type RunnableCapture = Pick<Capture, keyof Capture>

export interface OpenCapture {
  /** Name of its connector. */
  connector: string
  capture: RunnableCapture
}

/** The captures of this process, each from its opening until its run ends. */
export class OpenCaptures {
  readonly #open = new Set<OpenCapture>()

  /** Remembers a capture; what is returned stands for it, and forgets it when its run ends. */
  add(connector: string, capture: Capture): RunnableCapture {
    const entry: OpenCapture = { connector, capture }
    this.#open.add(entry)
    const run: Capture['run'] = async (options, signal) => {
      try {
        return await capture.run(options, signal)
      } finally {
        this.#open.delete(entry)
      }
    }
    return {
      get totals() {
        return capture.totals
      },
      status: () => capture.status(),
      tasks: () => capture.tasks(),
      run,
    }
  }

  list(): OpenCapture[] {
    return [...this.#open]
  }
}
