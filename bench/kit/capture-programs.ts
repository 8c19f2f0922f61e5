import { fileURLToPath } from 'node:url'
import type { Place } from '../../test/faults/kit/place.ts'
import { captureToEnd, captureTwice, type RunSeconds } from './coldstream-capture.ts'
import { type Measured, measure } from './measure.ts'
import { type PeerResult, peerJob } from './peer-job.ts'
import { pythonPeer } from './python-peer.ts'
import { ownName, ownWarmName, type Run } from './report.ts'
import { sparkJars, sparkPackages } from './spark-jars.ts'
import type { BenchStage } from './stage.ts'

/** What a program is to capture, and where to. */
export interface CaptureTask {
  stage: BenchStage
  place: Place
  bucket: string
  topic: string
  partitions: number
  flushSize: number
}

/** A captured topic that is still to be counted. */
export interface Captured extends Omit<Run, 'records' | 'storedBytes'> {
  /** Where in the place the files are; ends with `/`. */
  prefix: string
}

const prefix = 'topics/'
/** parquetjs-lite keeps the rows of all open files as objects, which with many hours is more than Node's usual heap. */
const heap = '--max-old-space-size=8192'

/** The programs that are compared, by the name that `--only` takes. Each starts afresh; what is warm had a run before in the same process. */
export const capturePrograms: Readonly<Record<string, (task: CaptureTask) => Promise<Captured[]>>> = {
  async coldstream({ stage, place, topic, flushSize }) {
    return [{ program: ownName, prefix, ...(await captureToEnd(stage, place, topic, flushSize)) }]
  },

  async 'coldstream-warm'({ stage, place, bucket, topic, flushSize }) {
    return [ofOneProcess(ownWarmName, prefix, await captureTwice(stage, place, bucket, topic, flushSize))]
  },

  async 'confluent-kafka'(task) {
    const { python, path } = await pythonPeer('capture.py')
    return [wholeProcess('confluent-kafka + pyarrow (zstd)', await runPeer(task, [python, path]))]
  },

  async spark(task) {
    const { python, path } = await pythonPeer('spark.py', sparkPackages)
    const measured = await runPeer(task, [python, path], { jars: await sparkJars() })
    const { first, warm } = JSON.parse(measured.stdout) as { first: RunSeconds; warm: RunSeconds }
    const { peakBytes } = measured
    const cold = ofOneProcess('Spark local[2] (zstd), first run', `first/${prefix}`, { ...first, peakBytes })
    return [
      { ...cold, isFirstOfTwo: true },
      ofOneProcess('Spark local[2] (zstd), warm', prefix, { ...warm, peakBytes }),
    ]
  },

  async kafkajs(task) {
    const path = fileURLToPath(new URL('../peers/capture.ts', import.meta.url))
    return [wholeProcess('kafkajs + parquetjs-lite (snappy)', await runPeer(task, [process.execPath, heap, path]))]
  },
}

function runPeer(task: CaptureTask, [program, ...args]: [string, ...string[]], more = {}): Promise<Measured> {
  const { stage, topic, partitions, bucket, flushSize } = task
  const job = { ...peerJob(stage, { topic, partitions, bucket, flushSize }), ...more }
  return measure(program, [...args, JSON.stringify(job)], { cwd: stage.folder, env: process.env })
}

/** One run of several in a process, whose memory is that of all. */
function ofOneProcess(program: string, place: string, run: RunSeconds & { peakBytes: number }): Captured {
  const { seconds, cpuSeconds, peakBytes } = run
  return { program, prefix: place, workSeconds: seconds, wallSeconds: null, cpuSeconds, peakBytes }
}

function wholeProcess(program: string, measured: Measured): Captured {
  const { seconds } = JSON.parse(measured.stdout) as PeerResult
  return { program, prefix, workSeconds: seconds, ...measured }
}
