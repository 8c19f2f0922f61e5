import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromKafkaClasses } from './kafka-classes.ts'
import { kafkaJars } from './kafka-jars.ts'
import { missingProgram, run } from './run.ts'
import { freePorts } from './server-process.ts'

/** How a Kafka is started. Topics are never created by being mentioned (`auto.create.topics.enable=false`). */
export interface KafkaServerOptions {
  /** Broker settings over the kit's. */
  config?: Readonly<Record<string, string>>
  /** Where the data lives; kept on stop when given, else a temporary folder that is removed. */
  dataDir?: string
  /** How often the broker looks for segments to delete; its own default is five minutes. */
  retentionCheckMs?: number
  /** Feature levels that differ from the release's own, e.g. `{'transaction.version': 1}` for an older protocol. */
  features?: Readonly<Record<string, number>>
  /** Kafka's release, e.g. `3.9.1`; the kit's own unless told. It is fetched the first time. */
  version?: string
  /** A server whose cluster this one joins as a second broker. */
  joins?: KafkaServer
  /** Further listeners by name (letters), each on a port of its own; the first one stays open to all. */
  listeners?: Readonly<Record<string, KafkaListener>>
  /** Passwords of SCRAM users, for both hashes. */
  scramUsers?: Readonly<Record<string, string>>
  /** Options of the broker's Java. */
  javaOptions?: readonly string[]
  /** Made for much work, as brokers are usually: Java compiles all that it can, which costs time where there is little. */
  isForLoad?: boolean
}

/** How a listener talks to its clients. */
export interface KafkaListener {
  protocol: 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'
  /** Broker settings of this listener alone. */
  settings: Readonly<Record<string, string>>
}

/** A real Kafka broker (KRaft, one node) on loopback; it ends with this process, however that ends. */
export interface KafkaServer {
  /** `host:port` of each broker. */
  readonly brokers: string[]
  readonly pid: number
  /** `host:port` of the controller, for brokers that join. */
  readonly controller: string
  /** `host:port` of each further listener, by its name. */
  readonly listeners: Readonly<Record<string, string>>
  /** Folder that holds a folder for each partition, `<topic>-<partition>`. */
  readonly logFolder: string
  /** Ends the broker and removes its data (a `dataDir` that was given is kept). */
  stop(): Promise<void>
  /** kill -9; the data stays for `restart`. */
  kill(): Promise<void>
  /** Ends the broker in good order; the data stays for `restart`. */
  shutdown(): Promise<void>
  /** Stops the broker in good order if it runs, and starts it on the same port and data. */
  restart(): Promise<void>
  /** Runs one of Kafka's own Java tools, e.g. `org.apache.kafka.tools.ConsoleConsumer`; returns what it prints. */
  javaTool(main: string, args: readonly string[], stdin?: string): Promise<string>
}

const startTimeoutMs = 60_000

/** Java that is soon at work. */
const soon = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** Starts a Kafka of its own on free ports; about two seconds. */
export async function startKafka(options: KafkaServerOptions = {}): Promise<KafkaServer> {
  const home = await kafkaJars(options.version)
  const root = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'coldstream-kafka-')))
  await mkdir(root, { recursive: true })
  const names = Object.keys(options.listeners ?? {})
  const [port, controllerPort, ...ports] = await freePorts(2 + names.length)
  const controller = options.joins?.controller ?? `127.0.0.1:${controllerPort}`
  const listeners = Object.fromEntries(names.map((name, index) => [name, `127.0.0.1:${ports[index]}`]))
  const settings = serverSettings(join(root, 'data'), port!, { ...options, controller, addresses: listeners })
  const properties = join(root, 'server.properties')
  await writeFile(properties, settings)
  const java = (...args: string[]): string[] => ['-cp', join(home, 'libs', '*'), ...args]
  const classes = await fromKafkaClasses(home)
  const brokerOptions = [...(options.isForLoad ? [] : soon), ...classes, ...(options.javaOptions ?? [])]
  const javaWith = (...args: string[]): string[] => java(...brokerOptions, ...args)
  const quick = [
    ...soon,
    ...classes,
    // keys of headers are printed in it, whatever the machine's locale is
    '-Dfile.encoding=UTF-8',
    `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`,
  ]
  const clusterId = 'Q29sZHN0cmVhbUthZmthMQ'
  const levels = Object.entries(options.features ?? {})
  const features = levels.flatMap(([name, level]) => ['--feature', `${name}=${level}`])
  const format = java(
    ...quick,
    'kafka.tools.StorageTool',
    'format',
    '-g',
    '-t',
    clusterId,
    '-c',
    properties,
    ...features,
    ...scramOf(options.scramUsers),
  )
  const removeAtEnd = options.dataDir === undefined ? root : ''
  let broker: RunningBroker
  try {
    await run('java', format)
    broker = await launch(home, root, javaWith, removeAtEnd)
  } catch (error) {
    if (removeAtEnd !== '') await rm(removeAtEnd, { recursive: true, force: true })
    throw error
  }
  return {
    brokers: [`127.0.0.1:${port}`],
    controller,
    listeners,
    logFolder: join(root, 'data'),
    get pid() {
      return broker.pid
    },
    async stop() {
      await broker.end(options.dataDir === undefined ? 'SIGKILL' : 'SIGTERM')
      if (options.dataDir === undefined) await rm(root, { recursive: true, force: true })
    },
    kill: () => broker.end('SIGKILL'),
    shutdown: () => broker.end('SIGTERM'),
    async restart() {
      await broker.end('SIGTERM')
      broker = await launch(home, root, javaWith, removeAtEnd)
    },
    javaTool: (main, args, stdin) => run('java', java(...quick, main, ...args), { stdin }),
  }
}

let shared: Promise<string[]> | undefined

/** Brokers to test against: those of COLDSTREAM_TEST_KAFKA, else one Kafka for this process, gone when it ends. */
export function sharedKafka(): Promise<string[]> {
  const given = process.env.COLDSTREAM_TEST_KAFKA
  if (given) return Promise.resolve(given.split(','))
  shared ??= startKafka().then((server) => server.brokers)
  return shared
}

interface RunningBroker {
  pid: number
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

async function launch(
  home: string,
  root: string,
  java: (...args: string[]) => string[],
  removeAtEnd: string,
): Promise<RunningBroker> {
  const logPath = join(root, 'broker.log')
  const log = openSync(logPath, 'w')
  const options = [
    '-Xms128m',
    '-Xmx512m',
    '-Dkit.log.level=INFO',
    `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`,
  ]
  const child = spawn('java', java(...options, 'kafka.Kafka', join(root, 'server.properties')), {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await Promise.race([
    once(child, 'spawn'),
    once(child, 'error').then(([error]) => Promise.reject(missingProgram('java', error))),
  ])
  const watchdog = endWithParent(child, removeAtEnd)
  await awaitStarted(child, logPath)
  return {
    pid: child.pid!,
    async end(signal) {
      child.ref()
      child.kill(signal)
      await exited
      watchdog.kill('SIGKILL')
    },
  }
}

/**
 * Ends the broker when this process is gone, and removes its data. A parent that is killed runs no exit handler, but the
 * closing of its pipe is noticed whatever its end was.
 */
function endWithParent(child: ChildProcess, removeAtEnd: string): ChildProcess {
  const script = 'read _; kill -9 "$1" 2>/dev/null; if [ -n "$2" ]; then sleep 0.3; rm -rf "$2"; fi'
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', String(child.pid), removeAtEnd], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.unref()
  ;(watchdog.stdin as Socket).unref()
  return watchdog
}

async function awaitStarted(child: ChildProcess, logPath: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    const log = await readFile(logPath, 'utf8')
    if (log.includes('Kafka Server started')) return
    const ended = child.exitCode !== null || child.signalCode !== null
    if (ended || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`Kafka did not start (log: ${logPath}):\n${log.slice(-3000)}`)
    }
    await sleep(25)
  }
}

function scramOf(users: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((hash) => [
      '--add-scram',
      `${hash}=[name=${name},password=${password}]`,
    ]),
  )
}

interface ServerAddresses extends KafkaServerOptions {
  controller: string
  addresses: Readonly<Record<string, string>>
}

function serverSettings(dataDir: string, port: number, options: ServerAddresses): string {
  const { controller, addresses, listeners = {} } = options
  const retention = options.retentionCheckMs === undefined ? {} : retentionSettings(options.retentionCheckMs)
  const further = Object.entries(listeners).flatMap(([name, { settings }]) =>
    Object.entries(settings).map(([key, value]) => [`listener.name.${name.toLowerCase()}.${key}`, value] as const),
  )
  const named = Object.entries(addresses).map(([name, address]) => `${name}://${address}`)
  const protocols = Object.entries(listeners).map(([name, { protocol }]) => `${name}:${protocol}`)
  const own = options.joins ? [] : [`CONTROLLER://${controller}`]
  const settings: Record<string, string> = {
    'process.roles': options.joins ? 'broker' : 'broker,controller',
    'node.id': options.joins ? '2' : '1',
    'controller.quorum.voters': `1@${controller}`,
    listeners: [`PLAINTEXT://127.0.0.1:${port}`, ...named, ...own].join(),
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...protocols].join(),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataDir,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A broker that was killed is let in again only when its old session is over.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'log.cleaner.backoff.ms': '500',
    'log.cleaner.dedupe.buffer.size': '4194304',
    ...retention,
    ...Object.fromEntries(further),
    ...options.config,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

function retentionSettings(checkMs: number): Record<string, string> {
  return { 'log.retention.check.interval.ms': String(checkMs), 'log.initial.task.delay.ms': String(checkMs) }
}
