import { readdirSync, readFileSync } from 'node:fs'

/** How often the children are looked for: that reads all of /proc. */
const lookEveryMs = 500
/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** What a process and its descendants took so far, as the Linux kernel counts it; as exact as it is sampled often. */
export class ProcessTree {
  #root: number
  #pids: number[]
  #lookedAt = Number.NEGATIVE_INFINITY
  #cpuSeconds = new Map<number, number>()
  #peakBytes = 0

  constructor(root: number) {
    this.#root = root
    this.#pids = [root]
  }

  /** User and system time of all threads, also of processes that have ended since. */
  get cpuSeconds(): number {
    return [...this.#cpuSeconds.values()].reduce((sum, seconds) => sum + seconds, 0)
  }

  /** Largest resident memory: of one process what the kernel noted, of several the largest sum that was seen. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  sample(): void {
    if (performance.now() - this.#lookedAt > lookEveryMs) {
      this.#pids = withDescendants(this.#root)
      this.#lookedAt = performance.now()
    }
    let residentBytes = 0
    for (const pid of this.#pids) {
      const stat = fieldsOf(pid)
      const status = read(pid, 'status')
      if (stat === null || status === null) continue
      this.#cpuSeconds.set(pid, (Number(stat[11]) + Number(stat[12])) / ticksPerSecond)
      residentBytes += kilobytes(status, 'VmRSS')
      this.#peakBytes = Math.max(this.#peakBytes, kilobytes(status, 'VmHWM'))
    }
    this.#peakBytes = Math.max(this.#peakBytes, residentBytes)
  }
}

function withDescendants(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = Number.isInteger(pid) ? fieldsOf(pid)?.[1] : undefined
    if (parent === undefined) continue
    const siblings = children.get(Number(parent)) ?? []
    siblings.push(pid)
    children.set(Number(parent), siblings)
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

/** The fields of /proc/<pid>/stat after the program's name, which may hold blanks. */
function fieldsOf(pid: number): string[] | null {
  const stat = read(pid, 'stat')
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function read(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    // it has just ended
    return null
  }
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024
}
