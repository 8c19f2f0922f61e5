import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bucketPlace, type Place } from '../../test/faults/kit/place.ts'
import { type KafkaServer, startKafka } from '../../test/kit/kafka.ts'
import { startMinio } from '../../test/kit/minio.ts'
import type { S3Access } from '../../test/kit/s3-server.ts'

/** A Kafka, a MinIO and a folder for one benchmark. */
export interface BenchStage {
  kafka: KafkaServer
  s3: S3Access
  folder: string
  /** Makes a bucket that nothing else uses. */
  bucket(name: string): Promise<Place>
}

/** Runs a benchmark on real servers that are gone afterwards. */
export async function onStage(use: (stage: BenchStage) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-bench-'))
  const places: Place[] = []
  const kafka = await startKafka({ isForLoad: true })
  const minio = await startMinio()
  try {
    await use({
      kafka,
      s3: minio,
      folder,
      async bucket(name) {
        const place = await bucketPlace(minio, name)
        places.push(place)
        return place
      },
    })
  } finally {
    for (const place of places) await place.close()
    await minio.stop()
    await kafka.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
