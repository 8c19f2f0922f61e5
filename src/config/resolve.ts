import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { athenaOf } from './athena-resolve.ts'
import { headroomOf } from './headroom-resolve.ts'
import { masked } from './mask.ts'
import type { Problem } from './problems.ts'
import type { Settings } from './schema.ts'
import type { Config } from './shape.ts'
import type { Environment } from './substitute.ts'
import { tlsMaterial } from './tls-files.ts'
import { trinoOf } from './trino-resolve.ts'

/** Turns settings, each valid by itself, into what the services take; notes what does not go together. */
export function resolveSettings(
  settings: Settings,
  isStoreConfigured: boolean,
  environment: Environment,
  problems: Problem[],
): Config {
  const { kafka, store, capture, connect, headroom, replay, queries, query, http, log } = settings
  checkHttp(http, problems)
  checkBrokers(kafka.brokers, problems)
  return {
    kafka: {
      brokers: kafka.brokers,
      clientId: kafka.clientId,
      produceCodec: kafka.compressionType,
      ...defined({ tls: tlsMaterial(kafka.tls, problems), sasl: saslOf(kafka.sasl, problems) }),
    },
    store: { url: storeUrl(store.url), s3: s3Of(store.s3, problems), isConfigured: isStoreConfigured },
    capture: { ...capture, threads: capture.threads ?? availableParallelism() },
    headroom: headroomOf(headroom, problems),
    connect,
    replay: {
      upcasters: {
        ...replay.upcasters,
        folder: replay.upcasters.folder ?? null,
        threads: replay.upcasters.threads ?? Math.max(1, Math.floor(availableParallelism() / 2)),
      },
    },
    queries: { folder: queries.folder ?? null },
    query: {
      engine: engineOf(query.engine, { trino: query.trino.url, athena: query.athena.workgroup }, problems),
      perKey: {
        maxRunning: query.maxRunningPerKey ?? Number.POSITIVE_INFINITY,
        maxBytesPerDay: query.maxBytesPerKeyAndDay ?? Number.POSITIVE_INFINITY,
      },
      kept: {
        resultsMs: query.resultsKeepMs,
        resultsBytes: query.resultsMaxBytes,
        runs: query.historyMaxRuns,
      },
      limits: {
        maxRows: query.maxRows,
        maxResultBytes: query.maxResultBytes,
        timeoutMs: query.timeoutMs,
        maxMemoryBytes: query.maxMemoryBytes,
      },
      concurrency: { running: query.maxRunning, waiting: query.maxWaiting },
      threads: query.threads ?? availableParallelism(),
      maxSpillBytes: query.maxSpillBytes,
      trino: trinoOf(query.trino, problems),
      cacheFolder: query.cacheFolder ?? join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'coldstream'),
      cacheMaxBytes: query.cacheMaxBytes,
      athena: athenaOf(query.athena, store.s3, problems),
    },
    http,
    log,
    description: masked(settings),
  }
}

/** The default engine, which has to be one that is configured. */
function engineOf(
  engine: Settings['query']['engine'],
  configured: { trino: string | undefined; athena: string | undefined },
  problems: Problem[],
): Settings['query']['engine'] {
  if (engine !== 'duckdb' && configured[engine] === undefined) {
    const needed = engine === 'trino' ? 'query.trino.url' : 'query.athena.workgroup'
    problems.push({ where: 'query.engine', message: `is ${engine}, but ${needed} is not set` })
  }
  return engine
}

function storeUrl(url: string): string {
  return /^(s3|file):/.test(url) ? url : pathToFileURL(url).href
}

function s3Of(s3: Settings['store']['s3'], problems: Problem[]): Config['store']['s3'] {
  if ((s3.accessKeyId === undefined) !== (s3.secretAccessKey === undefined)) {
    problems.push({
      where: 'store.s3',
      message: 'accessKeyId and secretAccessKey go together, only one of them is set',
    })
  }
  return s3
}

function saslOf(sasl: Settings['kafka']['sasl'], problems: Problem[]): Config['kafka']['sasl'] {
  const { mechanism, ...credentials } = sasl
  const given = Object.keys(credentials)
  if (mechanism === undefined) {
    if (given.length > 0) {
      problems.push({
        where: 'kafka.sasl.mechanism',
        message: `is not set, but ${given.join(' and ')} is; name the mechanism`,
      })
    }
    return undefined
  }
  for (const name of neededFor(mechanism, sasl)) {
    if (sasl[name] === undefined) problems.push({ where: `kafka.sasl.${name}`, message: `is needed for ${mechanism}` })
  }
  const sources = tokenSources.filter((name) => sasl[name] !== undefined)
  if (sources.length > 1)
    problems.push({
      where: 'kafka.sasl',
      message: `only one of ${sources.join(' and ')} can say where the token is from`,
    })
  return { mechanism, ...credentials }
}

/** Each says where the bearer token comes from. */
const tokenSources = ['token', 'tokenFile', 'tokenEndpointUrl'] as const

function neededFor(mechanism: string, sasl: Settings['kafka']['sasl']): readonly (keyof typeof sasl)[] {
  if (mechanism !== 'OAUTHBEARER') return ['username', 'password']
  if (sasl.tokenEndpointUrl !== undefined) return ['clientId', 'clientSecret']
  return sasl.tokenFile === undefined ? ['token'] : []
}

function checkBrokers(brokers: readonly string[], problems: Problem[]): void {
  for (const [i, broker] of brokers.entries()) {
    const port = Number(/:(\d+)$/.exec(broker)?.[1])
    if (port < 1 || port > 65535)
      problems.push({ where: `kafka.brokers[${i}]`, message: 'expected a port from 1 to 65535' })
  }
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

function checkHttp({ host, apiKeys }: Settings['http'], problems: Problem[]): void {
  const isLoopback =
    host === 'localhost' || (isIPv4(host) && loopback.check(host)) || (isIPv6(host) && loopback.check(host, 'ipv6'))
  if (!isLoopback && apiKeys.length === 0) {
    const message = `${host} can be reached by others, and no API key is configured; set http.apiKeys or listen on 127.0.0.1`
    problems.push({ where: 'http.host', message })
  }
  const names = apiKeys.map((key) => key.name)
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i))) {
    problems.push({ where: 'http.apiKeys', message: `the name ${name} is there twice` })
  }
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
