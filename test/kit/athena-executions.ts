import { randomUUID } from 'node:crypto'
import { RequestRefused, SqlFailure } from './athena-refusal.ts'
import type { AthenaResults } from './athena-results.ts'
import type { SqlAnswer, SqlEngine } from './athena-server.ts'

export interface Workgroup {
  /** BytesScannedCutoffPerQuery. */
  cutoffBytes?: number
  /** Where results go that name no place. */
  outputLocation?: string
}

interface Execution {
  id: string
  input: StartInput
  state: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  reason: string | null
  category: number | null
  scannedBytes: number
  output: string | null
  answer: SqlAnswer | null
  reused: boolean
  stop: AbortController
  done: Promise<void>
}

interface StartInput {
  QueryString: string
  ExecutionParameters?: string[]
  ClientRequestToken?: string
  WorkGroup?: string
  QueryExecutionContext?: { Catalog?: string; Database?: string }
  ResultConfiguration?: { OutputLocation?: string }
  ResultReuseConfiguration?: { ResultReuseByAgeConfiguration?: { Enabled: boolean } }
}

interface Parts {
  engine: SqlEngine
  results: AthenaResults | null
  workgroups: Readonly<Record<string, Workgroup>>
}

/** Executions as Athena keeps them. */
export class AthenaExecutions {
  readonly #parts: Parts
  readonly #all = new Map<string, Execution>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** How each ended, in the order in which they were started. */
  states(): string[] {
    return [...this.#all.values()].map(({ state }) => state)
  }

  /** Resolves when none runs. */
  async settled(): Promise<void> {
    await Promise.all([...this.#all.values()].map(({ done }) => done))
  }

  /** Carries out a request of the protocol. Throws RequestRefused. */
  call(action: string, input: object): object {
    const given = input as Record<string, unknown>
    switch (action) {
      case 'StartQueryExecution':
        return { QueryExecutionId: this.#start(given as unknown as StartInput).id }
      case 'GetQueryExecution':
        return { QueryExecution: describe(this.#look(this.#of(given))) }
      case 'GetQueryResults':
        return page(this.#of(given), Number(given.MaxResults ?? 1000), given.NextToken as string | undefined)
      case 'StopQueryExecution':
        this.#of(given).stop.abort('the query was stopped by its user')
        return {}
      default:
        throw new RequestRefused('UnknownOperationException', `no operation ${action}`)
    }
  }

  async close(): Promise<void> {
    for (const { stop } of this.#all.values()) stop.abort('the server was stopped')
    await this.settled()
  }

  #of({ QueryExecutionId }: Record<string, unknown>): Execution {
    const execution = this.#all.get(String(QueryExecutionId))
    if (execution === undefined) {
      throw new RequestRefused('InvalidRequestException', `QueryExecution ${QueryExecutionId} was not found`)
    }
    return execution
  }

  /** The first look finds it queued. */
  #look(execution: Execution): Execution {
    const seen = { ...execution }
    if (execution.state === 'QUEUED') execution.state = 'RUNNING'
    return seen
  }

  #start(input: StartInput): Execution {
    const token = input.ClientRequestToken ?? ''
    if (token.length < 32 || token.length > 128) throw invalid('ClientRequestToken has 32 to 128 characters')
    for (const earlier of this.#all.values()) {
      if (earlier.input.ClientRequestToken !== token) continue
      if (JSON.stringify(earlier.input) === JSON.stringify(input)) return earlier
      throw invalid('Idempotent parameters do not match')
    }
    const workgroup = this.#parts.workgroups[input.WorkGroup ?? 'primary']
    if (workgroup === undefined) throw invalid(`WorkGroup ${input.WorkGroup} is not found.`)
    const output = input.ResultConfiguration?.OutputLocation ?? workgroup.outputLocation ?? null
    if (output === null && this.#parts.results !== null) {
      throw invalid('No output location provided. An output location is required either through the Workgroup')
    }
    if (input.ExecutionParameters?.some((text) => text.length < 1 || text.length > 1024)) {
      throw invalid('ExecutionParameters have 1 to 1024 characters')
    }
    const execution: Execution = {
      id: randomUUID(),
      input,
      state: 'QUEUED',
      reason: null,
      category: null,
      scannedBytes: 0,
      output: null,
      answer: null,
      reused: false,
      stop: new AbortController(),
      done: Promise.resolve(),
    }
    this.#all.set(execution.id, execution)
    execution.done = this.#run(execution, workgroup, output)
    return execution
  }

  async #run(execution: Execution, workgroup: Workgroup, output: string | null): Promise<void> {
    const { input, stop } = execution
    const statement = {
      sql: input.QueryString,
      parameters: input.ExecutionParameters ?? [],
      catalog: input.QueryExecutionContext?.Catalog ?? 'AwsDataCatalog',
      database: input.QueryExecutionContext?.Database ?? 'default',
    }
    try {
      const earlier = this.#reusable(execution)
      const answer =
        earlier?.answer ??
        (await this.#parts.engine.run(statement, stop.signal, (bytes) => {
          execution.scannedBytes = bytes
          if (bytes > (workgroup.cutoffBytes ?? Number.POSITIVE_INFINITY)) {
            stop.abort('Bytes scanned limit was exceeded')
          }
        }))
      stop.signal.throwIfAborted()
      execution.reused = earlier !== undefined
      execution.answer = answer
      if (this.#parts.results !== null && output !== null) {
        execution.output = await this.#parts.results.writeRows(output, execution.id, answer)
      }
      execution.state = 'SUCCEEDED'
    } catch (error) {
      if (!stop.signal.aborted && !(error instanceof SqlFailure)) throw error
      execution.state = stop.signal.aborted ? 'CANCELLED' : 'FAILED'
      execution.reason = stop.signal.aborted ? String(stop.signal.reason) : (error as Error).message
      execution.category = error instanceof SqlFailure ? error.category : null
    }
  }

  #reusable({ id, input }: Execution): Execution | undefined {
    if (input.ResultReuseConfiguration?.ResultReuseByAgeConfiguration?.Enabled !== true) return undefined
    const of = ({ QueryString, ExecutionParameters }: StartInput) => JSON.stringify([QueryString, ExecutionParameters])
    return [...this.#all.values()].find(
      (other) => other.id !== id && other.state === 'SUCCEEDED' && of(other.input) === of(input),
    )
  }
}

function invalid(message: string): RequestRefused {
  return new RequestRefused('InvalidRequestException', message)
}

function describe(execution: Execution): object {
  const { id, input, state, reason, category, scannedBytes, output, reused } = execution
  return {
    QueryExecutionId: id,
    Query: input.QueryString,
    StatementType: 'DML',
    WorkGroup: input.WorkGroup,
    Status: {
      State: state,
      SubmissionDateTime: Date.now() / 1000,
      ...(reason === null ? {} : { StateChangeReason: reason }),
      ...(category === null ? {} : { AthenaError: { ErrorCategory: category, ErrorType: 1, Retryable: false } }),
    },
    Statistics: {
      DataScannedInBytes: reused ? 0 : scannedBytes,
      EngineExecutionTimeInMillis: 1,
      ResultReuseInformation: { ReusedPreviousResult: reused },
    },
    ...(output === null ? {} : { ResultConfiguration: { OutputLocation: output } }),
  }
}

/** A page of the result: its header is a row like the others, of the first page only. */
function page({ id, state, answer }: Execution, maxRows: number, token: string | undefined): object {
  if (maxRows < 1 || maxRows > 1000) throw invalid('MaxResults is from 1 to 1000')
  if (state !== 'SUCCEEDED' || answer === null) {
    throw invalid(`Query has not yet finished. Current state: ${state}`)
  }
  const all = [answer.columns.map(({ name }): string | null => name), ...answer.rows]
  const start = token === undefined ? 0 : Number(token.split('/')[1])
  const end = Math.min(start + maxRows, all.length)
  return {
    UpdateCount: 0,
    ResultSet: {
      Rows: all.slice(start, end).map((row) => ({
        Data: row.map((value) => (value === null ? {} : { VarCharValue: value })),
      })),
      ResultSetMetadata: {
        ColumnInfo: answer.columns.map(({ name, type }) => ({
          CatalogName: 'hive',
          SchemaName: '',
          TableName: '',
          Name: name,
          Label: name,
          Type: type,
          Precision: 0,
          Scale: 0,
          Nullable: 'UNKNOWN',
          CaseSensitive: false,
        })),
      },
    },
    ...(end < all.length ? { NextToken: `${id}/${end}` } : {}),
  }
}
