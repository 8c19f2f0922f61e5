/** What a row has to be like to be selected, beside its place and time. All conditions hold together. */
export interface RowCriteria {
  /** The key equals one of `exact` or begins with one of `prefixes`; a null key never does. null: no condition. */
  keys: KeyCriteria | null
  /** Each must be among the row's headers, with this very value. */
  headers: readonly HeaderCriterion[]
}

export interface KeyCriteria {
  exact: readonly Buffer[]
  prefixes: readonly Buffer[]
}

export interface HeaderCriterion {
  key: string
  /** null: the header is there and has no value. */
  value: Buffer | null
}
