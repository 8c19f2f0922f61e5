import type { Planning } from './planning.ts'
import type { Took } from './programs.ts'
import type { Question } from './questions.ts'

/** What each round took, by `program/question`. */
export type Answers = Map<string, Took[]>

const FASTER = 3
const NOT_SLOWER = 1.1
const PLANNING_MS = 300

/**
 * A Markdown table: a line a statement, a column a program, and how Coldstream compares with plain DuckDB: by seconds, and by
 * CPU seconds, which other work on the machine does not change.
 */
export function queryTable(asked: readonly Question[], programs: readonly string[], answers: Answers): string {
  const head = ['statement', ...programs, 'DuckDB by glob / Coldstream', 'by CPU']
  const rows = asked.map(({ name }) => {
    const cells = programs.map((program) => cell(answers.get(`${program}/${name}`)))
    return [name, ...cells, times(ratioOf(name, answers, 'seconds')), times(ratioOf(name, answers, 'cpuSeconds'))]
  })
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Whether each goal holds; a goal whose programs did not run is said to be open. */
export function goalLines(asked: readonly Question[], answers: Answers, planning: Planning | null): string[] {
  const least = (goal: Question['goal'], figure: keyof Took) => {
    const of = asked.filter((question) => question.goal === goal)
    const known = of.map(({ name }) => ratioOf(name, answers, figure)).filter((ratio) => ratio !== null)
    return known.length === 0 ? null : Math.min(...known)
  }
  const compared = (goal: Question['goal'] & string, text: string, needed: number) => {
    const wall = least(goal, 'seconds')
    if (wall === null) return `${goal}: ${text}: not measured`
    const holds = wall >= needed ? 'holds' : 'DOES NOT HOLD'
    return `${goal}: ${text}: at least ${times(wall)} (by CPU ${times(least(goal, 'cpuSeconds'))}): ${holds}`
  }
  return [
    compared('one hour', `${FASTER} x as fast as the glob`, FASTER),
    compared('one key', `${FASTER} x as fast as the glob`, FASTER),
    compared('full scan', `not slower than ${NOT_SLOWER} x`, 1 / NOT_SLOWER),
    ...planningLines(planning),
  ]
}

/** A command is always a new process; a service knows a topic's logs after its first query. */
function planningLines(planning: Planning | null): string[] {
  if (planning === null) return ['planning: not measured']
  const { segments, firstMs, againMs } = planning
  const said = (where: string, ms: number) =>
    `planning (to the list of files of one hour) over ${segments} segments in ${PLANNING_MS} ms, ${where}: ${ms.toFixed(0)} ms: ${ms <= PLANNING_MS ? 'holds' : 'DOES NOT HOLD'}`
  return [said('in a new process', firstMs), said('in a service that has read the logs', againMs)]
}

function ratioOf(question: string, answers: Answers, figure: keyof Took): number | null {
  const own = median(answers.get(`coldstream/${question}`), figure)
  const other = median(answers.get(`duckdb/${question}`), figure)
  return own === null || other === null ? null : other / own
}

function cell(rounds: readonly Took[] | undefined): string {
  const seconds = median(rounds, 'seconds')
  const cpu = median(rounds, 'cpuSeconds')
  return seconds === null ? '' : `${seconds.toFixed(2)}${cpu === null ? '' : ` (${cpu.toFixed(2)})`}`
}

function times(ratio: number | null): string {
  return ratio === null ? '' : `${ratio.toFixed(2)} x`
}

function median(rounds: readonly Took[] | undefined, figure: keyof Took): number | null {
  const known = (rounds ?? []).map((took) => took[figure]).filter((value) => value !== null)
  return known.sort((a, b) => a - b)[Math.floor(known.length / 2)] ?? null
}
