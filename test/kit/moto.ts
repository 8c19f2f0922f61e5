import { join } from 'node:path'
import { pythonEnvironment } from './python.ts'
import { freePorts, startServer } from './server-process.ts'

/** moto's server: AWS as its Python client library describes it. It runs no SQL; results are given to it beforehand. */
export interface Moto {
  url: string
  /** The next query that is asked for in eu-west-1 gives these rows. */
  queueResult(
    rows: readonly (readonly (string | null)[])[],
    columns: readonly { name: string; type: string }[],
  ): Promise<void>
  stop(): Promise<void>
}

/** Results are queued for one. */
const region = 'eu-west-1'

const packages = ['moto==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5', 'py-partiql-parser==0.6.3', 'PyYAML==6.0.4']

export async function startMoto(): Promise<Moto> {
  const [environment, [port]] = await Promise.all([pythonEnvironment(packages), freePorts(1)])
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    name: 'moto',
    program: join(environment, 'bin', 'python'),
    args: () => ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    probe: () => fetch(`${url}/moto-api/data.json`),
  })
  return {
    url,
    async queueResult(rows, columns) {
      const result = {
        rows: [columns.map(({ name }) => ({ VarCharValue: name })), ...rows.map((row) => row.map(datum))].map(
          (Data) => ({
            Data,
          }),
        ),
        column_info: columns.map(({ name, type }) => ({
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
      }
      const answer = await fetch(`${url}/moto-api/static/athena/query-results`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ region, results: [result] }),
      })
      if (answer.status !== 201) throw new Error(`moto answers ${answer.status}: ${await answer.text()}`)
    },
    stop: server.stop,
  }
}

function datum(value: string | null): { VarCharValue?: string } {
  return value === null ? {} : { VarCharValue: value }
}
