import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

/** What a program took, as the Linux kernel counts it. */
export interface Measured {
  /** From its start to its end. */
  wallSeconds: number
  /** User and system time of all its threads. */
  cpuSeconds: number
  /** Largest resident memory. */
  peakBytes: number
  stdout: string
}

const sampleEveryMs = 20
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Runs a program to its end. Throws with what it wrote when it fails. */
export async function measure(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Measured> {
  const startedAt = performance.now()
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child, 'spawn')
  const usage = { cpuSeconds: 0, peakBytes: 0 }
  const sampling = setInterval(() => sample(child.pid!, usage), sampleEveryMs)
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]).finally(() => clearInterval(sampling))
  const wallSeconds = (performance.now() - startedAt) / 1000
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${signal ?? code}:\n${stderr}${stdout}`)
  return { wallSeconds, ...usage, stdout }
}

/** Both figures only grow, so the last sample, at most 20 ms before the end, holds them. */
function sample(pid: number, usage: { cpuSeconds: number; peakBytes: number }): void {
  let stat: string
  let status: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // it has just ended
    return
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  usage.cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  const peakKb = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  usage.peakBytes = Math.max(usage.peakBytes, peakKb * 1024)
}
