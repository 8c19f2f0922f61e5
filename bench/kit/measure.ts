import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ProcessTree } from './process-tree.ts'

/** What a program took, with all the processes that it started. */
export interface Measured {
  /** From its start to its end. */
  wallSeconds: number
  /** User and system time of all its threads. */
  cpuSeconds: number
  /** Largest resident memory. */
  peakBytes: number
  stdout: string
}

/** CPU time and memory only grow, so the last sample, at most so long before the end, holds them. */
const sampleEveryMs = 20
/** A program that hangs must not take the figures of the others with it. */
const limitMs = 3_600_000
/** Of what a program wrote before it failed; Spark writes pages. */
const shownLength = 4_000

/** Runs a program to its end. Throws with what it wrote when it fails. */
export async function measure(
  program: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Measured> {
  const startedAt = performance.now()
  const child = spawn(program, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  await once(child, 'spawn')
  const tree = new ProcessTree(child.pid!)
  const sampling = setInterval(() => tree.sample(), sampleEveryMs)
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]).finally(() => clearInterval(sampling))
  const wallSeconds = (performance.now() - startedAt) / 1000
  if (code !== 0)
    throw new Error(`${program} ${args[0]} ended with ${signal ?? code}:\n${(stderr + stdout).slice(-shownLength)}`)
  return { wallSeconds, cpuSeconds: tree.cpuSeconds, peakBytes: tree.peakBytes, stdout }
}
