import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startMinio } from '../../kit/minio.ts'
import type { S3Server } from '../../kit/s3-server.ts'
import { startVersitygw } from '../../kit/versitygw.ts'
import { said, succeeded } from '../kit/coldstream.ts'
import type { Round } from '../kit/round.ts'
import type { Scenario, Verdict } from '../kit/scenario.ts'
import { canMount, type SmallDisk, smallDisk } from '../kit/small-disk.ts'

const diskMebibytes = 96
/** Room for some log entries and segments, not for all. */
const leftBytes = 64 * 1024
/** Refused requests that show that the capture goes on trying. */
const refusedRequests = 10

interface FullServer {
  server: S3Server
  /** Where the buckets are folders, if the server keeps objects as plain files. */
  files?: string
}

const rounds = { full: 3, short: canMount ? 1 : 0 }

/** A full store is a store out of reach: capture waits, and goes on when there is room again. */
async function fullServer(round: Round, start: (folder: string) => Promise<FullServer>): Promise<Verdict> {
  const { brokers } = await round.world.kafka()
  const { topic, expected } = await round.world.orders()
  const disk = await smallDisk(round, diskMebibytes)
  const { server, files } = await start(disk.folder)
  round.closeLater(() => server.stop())
  const archive = await round.archive(brokers, server)
  let refused = 0
  archive.proxy.handler = archive.watch.handler(async ({ step, earlier }, forward) => {
    if (step === 'segment' && earlier === 0) await disk.fillBut(leftBytes)
    const answer = await forward()
    if (answer.status >= 400 && answer.status !== 412) {
      refused += 1
      if (refused === refusedRequests) await disk.free()
    }
    return answer
  })
  const connector = await round.connector(topic)
  succeeded('capture', await round.start(['capture', connector, '--until-end'], archive.settings).ended)
  if (refused < refusedRequests) throw new Error(`the store was never full, it refused ${refused} requests`)
  if (files === undefined) return round.judge(archive, topic, expected)
  const bucket = join(files, new URL(archive.place.settings.COLDSTREAM_STORE!).hostname)
  const localFolder = (prefix: string): Promise<string> => Promise.resolve(join(bucket, prefix))
  return round.judge({ place: { ...archive.place, localFolder } }, topic, expected)
}

async function fullFolder(round: Round): Promise<Verdict> {
  const { brokers } = await round.world.kafka()
  const { topic, expected } = await round.world.orders()
  const disk: SmallDisk = await smallDisk(round, diskMebibytes)
  const archive = await round.fileArchive(brokers, join(disk.folder, 'archive'))
  await disk.fillBut(leftBytes)
  const capture = round.start(['capture', await round.connector(topic), '--until-end'], archive.settings)
  await said(capture, /the store is out of reach/)
  await disk.free()
  succeeded('capture', await capture.ended)
  return round.judge(archive, topic, expected)
}

/** The store has no room left for a while. */
export const storeFull: Scenario[] = [
  {
    name: 'store: full, MinIO',
    rounds,
    run: (round) => fullServer(round, async (folder) => ({ server: await startMinio(join(folder, 'data')) })),
  },
  {
    name: 'store: full, versitygw',
    rounds: { full: 3, short: 0 },
    run: (round) =>
      fullServer(round, async (folder) => {
        const root = join(folder, 'versitygw')
        await mkdir(root)
        // Read as files: its listings do not encode the plus signs that the witness decodes.
        return { server: await startVersitygw(root), files: join(root, 'data') }
      }),
  },
  { name: 'store: full, a folder', rounds, run: fullFolder },
]
