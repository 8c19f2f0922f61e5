import { randomUUID } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { S3Access } from '../../kit/s3-server.ts'
import { type StoreProxy, startStoreProxy } from '../../kit/store-proxy.ts'
import { ArchiveWatch } from './archive-watch.ts'
import { type EndedCommand, type RunningCommand, startColdstream, succeeded } from './coldstream.ts'
import { type ConnectorOverrides, writeConnector } from './connector.ts'
import type { Expected } from './expected.ts'
import { judge, type Verification } from './judge.ts'
import { rowsOfFiles } from './judge-archive.ts'
import { bucketPlace, filePlace, type Place } from './place.ts'
import type { Verdict } from './scenario.ts'
import type { World } from './world.ts'

/** An archive of one round, in a bucket behind a proxy that sees every write. */
export interface WatchedArchive {
  place: Place
  proxy: StoreProxy
  watch: ArchiveWatch
  /** What makes the command line use it. */
  settings: Record<string, string>
}

const toldCharacters = 2_000

/** What one round of a scenario works with; everything it opens is closed at its end. */
export class Round {
  readonly world: World
  readonly number: number
  readonly folder: string
  readonly random: () => number
  #told = ''
  readonly #closers: (() => unknown)[] = []

  private constructor(world: World, number: number, folder: string, random: () => number) {
    this.world = world
    this.number = number
    this.folder = folder
    this.random = random
  }

  static async open(world: World, number: number, random: () => number): Promise<Round> {
    return new Round(world, number, await mkdtemp(join(world.folder, 'round-')), random)
  }

  /** Has something closed at the end of the round, the last opened first. */
  closeLater(close: () => unknown): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }

  /** The last of what the round's commands said on standard error. */
  told(): string {
    return this.#told
  }

  /** An empty archive on MinIO, or on another store, behind a proxy. */
  async archive(brokers: readonly string[], store?: S3Access): Promise<WatchedArchive> {
    const access = store ?? (await this.world.minio())
    const place = await bucketPlace(access, `faults-${randomUUID()}`)
    this.closeLater(() => place.close())
    const proxy = await startStoreProxy(access.endpoint)
    this.closeLater(() => proxy.close())
    const watch = new ArchiveWatch()
    proxy.handler = watch.handler((_write, forward) => forward())
    const settings = {
      ...place.settings,
      COLDSTREAM_S3_ENDPOINT: proxy.endpoint,
      COLDSTREAM_KAFKA_BROKERS: brokers.join(','),
    }
    return { place, proxy, watch, settings }
  }

  /** An empty archive in a folder, a temporary one unless it is given. */
  async fileArchive(
    brokers: readonly string[],
    root?: string,
  ): Promise<{ place: Place; settings: Record<string, string> }> {
    const place = await filePlace(root)
    this.closeLater(() => place.close())
    return { place, settings: { ...place.settings, COLDSTREAM_KAFKA_BROKERS: brokers.join(',') } }
  }

  /** A connector of this round for a topic; `config` goes over the kit's own. */
  connector(topic: string, config: ConnectorOverrides = {}): Promise<string> {
    return writeConnector(this.folder, topic, 200, { 'rotate.idle.ms': '300', ...config }, `c-${randomUUID()}`)
  }

  /** Starts a command; it is killed at the end of the round if it still runs. */
  start(args: readonly string[], settings: Readonly<Record<string, string>>): RunningCommand {
    const command = startColdstream(args, this.folder, settings)
    command.process.stderr?.on('data', (bytes: Buffer) => {
      this.#told = `${this.#told}${String(bytes)}`.slice(-toldCharacters)
    })
    this.closeLater(() => command.process.kill('SIGKILL'))
    return command
  }

  /** Captures a topic up to its present end, in a process of its own; throws when that does not end well. */
  async captureToEnd(
    { settings }: { settings: Readonly<Record<string, string>> },
    topic: string,
    config: ConnectorOverrides = {},
  ): Promise<void> {
    const args = ['capture', await this.connector(topic, config), '--until-end']
    succeeded('capture', await this.start(args, settings).ended)
  }

  /** Judges an archive by DuckDB, kafkajs and `coldstream verify`. */
  async judge(
    archive: { place: Place },
    topic: string,
    expected: Expected,
    checkGaps: (verified: Verification) => void = () => undefined,
  ): Promise<Verdict> {
    const folder = await archive.place.localFolder(`topics/${topic}/`)
    const rows = await rowsOfFiles(folder)
    const verified = await this.verify(archive, topic)
    checkGaps(verified)
    return judge(expected, rows, verified)
  }

  /** What `coldstream verify --json` says, looking at the store itself, not through a proxy. */
  async verify({ place }: { place: Place }, topic: string): Promise<Verification> {
    const { stdout, stderr } = await this.start(['--json', 'verify', topic], place.settings).ended
    if (stdout === '') throw new Error(`coldstream verify printed nothing: ${stderr}`)
    return JSON.parse(stdout) as Verification
  }
}

/** Waits until a continuous command has archived a topic up to these offsets. Rejects when it ends before. */
export async function archivedBy(
  command: RunningCommand,
  { watch }: WatchedArchive,
  topic: string,
  ends: ReadonlyMap<number, bigint>,
): Promise<void> {
  const endedBefore = command.ended.then(({ code, signal, stderr }) => {
    throw new Error(`The capture ended with ${signal ?? code} before it had archived everything: ${stderr}`)
  })
  await Promise.race([watch.archived(topic, ends), endedBefore])
}

/** Asks a command to stop, as a service manager does, and waits until it has. */
export async function stop(command: RunningCommand): Promise<EndedCommand> {
  command.process.kill('SIGTERM')
  return command.ended
}
