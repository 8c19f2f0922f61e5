import { cpus, loadavg, totalmem } from 'node:os'

/** One run of one program. */
export interface Run {
  program: string
  records: number
  /** The program's own time for the work, without its start. */
  workSeconds: number
  /** From its start to its end; null for one run of several in the same process. */
  wallSeconds: number | null
  cpuSeconds: number
  /** Of the whole process, or tree of processes. */
  peakBytes: number
  /** Bytes it stored; null for all runs where nothing is stored. */
  storedBytes: number | null
  /** Bytes of the records' keys, values and headers; left out where the table has no place for them. */
  recordBytes?: number
  /** The first of two runs in one process: only what starts afresh too is its like. */
  isFirstOfTwo?: boolean
}

/** Says what the figures were measured on. */
export function machineLine(): string {
  const [cpu] = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const load = loadavg()[0]?.toFixed(1)
  return `${new Date().toISOString().slice(0, 16)}Z, ${cpus().length} x ${cpu?.model}, ${memory}, Node ${process.versions.node}, load ${load}`
}

/** The names of the runs that the others are compared with: a command that starts, and a service that has been at work. */
export const ownName = 'Coldstream'
export const ownWarmName = 'Coldstream, warm'

/**
 * A Markdown table of each program's median run by rate, and how many times faster Coldstream is, in brackets by CPU second;
 * `own` are the names of its rows.
 */
export function table(runs: readonly Run[], own: readonly string[] = [ownName]): string {
  const medians = [...new Set(runs.map((run) => run.program))].map((program) =>
    median(runs.filter((run) => run.program === program)),
  )
  const owns = medians.filter(({ program }) => own.includes(program))
  const stores = medians.some((run) => run.storedBytes !== null)
  const hasBytes = medians.some((run) => run.recordBytes !== undefined)
  const head = [
    'program',
    'records/s',
    ...(hasBytes ? ['MB/s'] : []),
    'whole process, records/s',
    'records per CPU second',
    'peak memory',
    ...(stores ? ['bytes/record stored'] : []),
    ...owns.map(({ program }) => `${program} is (per CPU second)`),
  ]
  const rows = medians.map((run) => [
    run.program,
    thousands(rate(run)),
    ...(run.recordBytes === undefined ? [] : [megabytes(run.recordBytes / run.workSeconds)]),
    run.wallSeconds === null ? '' : thousands(run.records / run.wallSeconds),
    thousands(cpuRate(run)),
    `${(run.peakBytes / 1e9).toFixed(2)} GB`,
    ...(run.storedBytes === null ? [] : [(run.storedBytes / run.records).toFixed(1)]),
    ...owns.map((ours) => (owns.includes(run) ? '' : comparison(ours, run))),
  ])
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** How many times faster a run of ours is than another program's, if that is its like. */
function comparison(ours: Run, other: Run): string {
  if (other.isFirstOfTwo === true && ours.program !== ownName) return ''
  return `${times(rate(ours) / rate(other))} (${times(cpuRate(ours) / cpuRate(other))})`
}

/** One line for a run that has just ended. */
export function runLine(run: Run): string {
  const { wallSeconds, cpuSeconds, peakBytes } = run
  const whole = wallSeconds === null ? '' : `, whole process ${wallSeconds.toFixed(1)} s`
  return `${run.program}: ${thousands(rate(run))} records/s (${run.workSeconds.toFixed(1)} s${whole}), CPU ${cpuSeconds.toFixed(1)} s, peak ${Math.round(peakBytes / 1e6)} MB`
}

const rate = (run: Run): number => run.records / run.workSeconds
const cpuRate = (run: Run): number => run.records / run.cpuSeconds
const thousands = (value: number): string => `${Math.round(value / 1000)} k`
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0)
const times = (ratio: number): string => `${ratio.toFixed(1)} x`

function median(runs: Run[]): Run {
  return runs.sort((a, b) => rate(a) - rate(b))[Math.floor(runs.length / 2)]!
}
