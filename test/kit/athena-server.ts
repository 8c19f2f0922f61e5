import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { AthenaExecutions, type Workgroup } from './athena-executions.ts'
import { RequestRefused } from './athena-refusal.ts'
import type { AthenaResults } from './athena-results.ts'

/** Runs a statement for the server, as Athena's own engine would. */
export interface SqlEngine {
  /** Rejects with SqlFailure for what the statement is to blame for. `scanned` is told what was read so far. */
  run(statement: SqlStatement, signal: AbortSignal, scanned: (bytes: number) => void): Promise<SqlAnswer>
}

export interface SqlStatement {
  sql: string
  /** Texts of SQL expressions, one for each `?`. */
  parameters: readonly string[]
  catalog: string
  database: string
}

export interface SqlAnswer {
  /** Types in Athena's words. */
  columns: readonly { name: string; type: string }[]
  rows: readonly (readonly (string | null)[])[]
}

/** Fails a request, or breaks its connection when the status is null. */
export interface PlannedFailure {
  status: number | null
  /** `TooManyRequestsException` */
  type: string
  message?: string
  /** The request is carried out all the same: only its answer is lost. */
  carriedOut?: true
}

export interface AthenaServer {
  url: string
  /** What was asked, in order. */
  requests: { action: string; input: Record<string, unknown>; authorization: string }[]
  executions: AthenaExecutions
  /** The next requests of this action fail so. */
  fail(action: string, ...failures: PlannedFailure[]): void
  stop(): Promise<void>
}

/**
 * A server that speaks Athena's JSON protocol as AWS describes it: executions that are started once per token, states,
 * pages of a thousand rows whose first begins with the header, results as objects, limits of a workgroup.
 */
export async function startAthenaServer(parts: {
  engine: SqlEngine
  /** Null: results are kept by the server, as Athena's managed results are. */
  results?: AthenaResults | null
  workgroups?: Readonly<Record<string, Workgroup>>
}): Promise<AthenaServer> {
  const { engine, results = null, workgroups = { primary: {} } } = parts
  const executions = new AthenaExecutions({ engine, results, workgroups })
  const requests: AthenaServer['requests'] = []
  const failures = new Map<string, PlannedFailure[]>()
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy()
      throw error
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = String(request.headers['x-amz-target']).replace(/^AmazonAthena\./, '')
    const input = JSON.parse(await text(request)) as Record<string, unknown>
    requests.push({ action, input, authorization: String(request.headers.authorization) })
    const failure = failures.get(action)?.shift()
    if (failure?.carriedOut) executions.call(action, input)
    if (failure?.status === null) response.destroy()
    else if (failure !== undefined) refuse(response, failure.status, failure.type, failure.message ?? failure.type)
    else {
      try {
        send(response, 200, executions.call(action, input))
      } catch (error) {
        if (!(error instanceof RequestRefused)) throw error
        refuse(response, 400, error.type, error.message)
      }
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    executions,
    fail(action, ...planned) {
      failures.set(action, [...(failures.get(action) ?? []), ...planned])
    },
    async stop() {
      await executions.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response.setHeader('x-amzn-errortype', type)
  send(response, status, { __type: type, Message: message })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
}
