import type { OutgoingRecord } from '../../format/record-batch/index.ts'

/** What a row becomes: records in their order, none when it is dropped; or why it cannot be changed, in words. */
export type ChangedRow =
  | { row: number; records: readonly OutgoingRecord[] }
  | {
      row: number
      /** At most some hundred characters, from the upcaster's error; may hold what the row holds. */
      failure: string
    }
