import { readFileSync } from 'node:fs'
import type { RunningCommand } from './coldstream.ts'

const everyMs = 50

/** The most memory that a command has held when it ends, in bytes; 0 where the system does not tell (Linux does). */
export async function peakMemory(command: RunningCommand): Promise<number> {
  let peak = 0
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${command.process.pid}/status`, 'utf8')
      peak = 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peak / 1024)
    } catch {
      // It has ended.
    }
  }
  const looking = setInterval(look, everyMs)
  await command.ended
  clearInterval(looking)
  return peak
}
