import { fileURLToPath } from 'node:url'
import type { Place } from '../../test/faults/kit/place.ts'
import { coldstreamSettings } from './coldstream-command.ts'
import { replayToEnd } from './coldstream-replay.ts'
import { startService } from './coldstream-service.ts'
import { measure } from './measure.ts'
import { type PeerResult, peerJob, type ReplayJob, type TargetCodec } from './peer-job.ts'
import { pythonPeer } from './python-peer.ts'
import { ownName, type Run } from './report.ts'
import type { BenchStage } from './stage.ts'

/** What a program is to replay, and where to. */
export interface ReplayTask {
  stage: BenchStage
  place: Place
  bucket: string
  topic: string
  partitions: number
  flushSize: number
  /** Exists and is empty. */
  target: string
  codec: TargetCodec
}

/** A replay that is still to be judged. */
type Replayed = Omit<Run, 'records' | 'recordBytes' | 'storedBytes'>

/** The name of the row that a running service has. */
export const serviceName = 'Coldstream, running service'
/** Coldstream commits at the latest after so many. */
const transactionRecords = 100_000
/** hyparquet makes an object of every row, and its garbage needs room. */
const heap = '--max-old-space-size=8192'

/** The programs that are compared, by the name that `--only` takes. */
export const replayPrograms: Readonly<Record<string, (task: ReplayTask) => Promise<Replayed>>> = {
  async coldstream(task) {
    const { stage, topic, target } = task
    const measured = await replayToEnd({ topic, target, settings: settingsOf(task), folder: stage.folder })
    return { program: ownName, ...measured }
  },

  async service(task) {
    const { stage, topic, target } = task
    const service = await startService(settingsOf(task), stage.folder)
    try {
      const request = { id: target, source: { topic }, target: { topic: target } }
      return { program: serviceName, wallSeconds: null, ...(await service.replayToEnd(request)) }
    } finally {
      await service.stop()
    }
  },

  async 'confluent-kafka'(task) {
    const { python, path } = await pythonPeer('replay.py')
    return runPeer('pyarrow + confluent-kafka', task, [python, path])
  },

  async kafkajs(task) {
    const path = fileURLToPath(new URL('../peers/replay.ts', import.meta.url))
    return runPeer('hyparquet + kafkajs', task, [process.execPath, heap, path])
  },
}

function settingsOf({ stage, place, codec }: ReplayTask): Record<string, string> {
  return { ...coldstreamSettings(stage, place), COLDSTREAM_KAFKA_COMPRESSION_TYPE: codec }
}

async function runPeer(name: string, task: ReplayTask, [program, ...args]: [string, ...string[]]): Promise<Replayed> {
  const { stage, topic, partitions, bucket, flushSize, target, codec } = task
  const job: ReplayJob = {
    ...peerJob(stage, { topic, partitions, bucket, flushSize }),
    ...{ target, transactionRecords, codec },
  }
  const measured = await measure(program, [...args, JSON.stringify(job)], { cwd: stage.folder, env: process.env })
  const { seconds } = JSON.parse(measured.stdout) as PeerResult
  return { program: name, workSeconds: seconds, ...measured }
}
