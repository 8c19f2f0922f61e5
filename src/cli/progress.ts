import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { Output } from './output.ts'

/** Shows how far a long command is: a bar where there is a terminal, a line now and then where there is none. */
export interface Progress {
  update(done: number, total: number, text?: string): void
  stop(): void
}

/** Seconds between lines where there is no terminal. */
const lineEveryMs = 5_000

export function createProgress(output: Output, name: string, unit: string): Progress {
  if (output.json) return { update: () => undefined, stop: () => undefined }
  return output.interactive ? barProgress(name, unit) : lineProgress(output, name, unit)
}

function barProgress(name: string, unit: string): Progress {
  const format = ` ${name} {bar} {percentage}% | {value}/{total} ${unit} {text}`
  const bars = new MultiBar(
    { format, hideCursor: true, clearOnComplete: false, stopOnComplete: false },
    Presets.shades_classic,
  )
  let bar: SingleBar | null = null
  return {
    update(done, total, text = '') {
      bar ??= bars.create(total, 0, { text })
      bar.setTotal(Math.max(total, done))
      bar.update(done, { text })
    },
    stop: () => bars.stop(),
  }
}

function lineProgress(output: Output, name: string, unit: string): Progress {
  let saidAtMs = Date.now()
  return {
    update(done, total, text = '') {
      if (Date.now() - saidAtMs < lineEveryMs) return
      saidAtMs = Date.now()
      output.note(`${name}: ${done} of ${total} ${unit} ${text}`.trimEnd())
    },
    stop: () => undefined,
  }
}
