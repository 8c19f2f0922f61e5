import type { Planning } from './planning.ts'
import type { Question } from './questions.ts'

/** Seconds of each round by `program/question`. */
export type Answers = Map<string, number[]>

const FASTER = 3
const NOT_SLOWER = 1.1
const PLANNING_MS = 300

/** A Markdown table: a line a statement, a column a program, and how Coldstream compares with plain DuckDB. */
export function queryTable(asked: readonly Question[], programs: readonly string[], answers: Answers): string {
  const head = ['statement', ...programs, 'DuckDB by glob / Coldstream']
  const rows = asked.map(({ name }) => {
    const ratio = ratioOf(name, answers)
    const cells = programs.map((program) => median(answers.get(`${program}/${name}`))?.toFixed(2) ?? '')
    return [name, ...cells, ratio === null ? '' : `${ratio.toFixed(1)} x`]
  })
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Whether each goal holds; a goal whose programs did not run is said to be open. */
export function goalLines(asked: readonly Question[], answers: Answers, planning: Planning | null): string[] {
  const ratios = (goal: Question['goal']) =>
    asked.filter((question) => question.goal === goal).map(({ name }) => ratioOf(name, answers))
  const least = (goal: Question['goal']) => {
    const known = ratios(goal).filter((ratio) => ratio !== null)
    return known.length === 0 ? null : Math.min(...known)
  }
  const faster = (goal: 'one hour' | 'one key') => line(`${goal}: ${FASTER} x as fast as the glob`, least(goal), FASTER)
  return [
    faster('one hour'),
    faster('one key'),
    line(`full scans: not slower than ${NOT_SLOWER} x`, least('full scan'), 1 / NOT_SLOWER),
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

function line(goal: string, least: number | null, needed: number): string {
  if (least === null) return `${goal}: not measured`
  return `${goal}: at least ${least.toFixed(2)} x: ${least >= needed ? 'holds' : 'DOES NOT HOLD'}`
}

function ratioOf(question: string, answers: Answers): number | null {
  const own = median(answers.get(`coldstream/${question}`))
  const other = median(answers.get(`duckdb/${question}`))
  return own === null || other === null ? null : other / own
}

function median(seconds: readonly number[] | undefined): number | null {
  return seconds === undefined ? null : [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)]!
}
