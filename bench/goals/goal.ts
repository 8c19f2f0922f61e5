/** A figure and what it has to be. */
export interface Finding {
  what: string
  figure: string
  goal: string
  met: boolean
}

/** Measures one goal on servers of its own. */
export type Goal = (options: GoalOptions) => Promise<Finding[]>

export interface GoalOptions {
  /** Records of a topic, where the goal does not say another number. */
  records: number
}

/** A finding about peak memory. */
export function memoryFinding(what: string, bytes: number, goalBytes: number): Finding {
  return { what, figure: gigabytes(bytes), goal: `< ${gigabytes(goalBytes)}`, met: bytes < goalBytes }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
