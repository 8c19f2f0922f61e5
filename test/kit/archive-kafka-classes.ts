import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { startKafka } from './kafka.ts'
import { kafkaClassesFile } from './kafka-classes.ts'
import { kafkaJars } from './kafka-jars.ts'

/**
 * Has a broker start and end, which keeps its classes for all that start later. It takes some ten seconds, once: the file
 * stays in the kit's cache. Processes may do it at once; the file appears whole.
 */
export async function archiveKafkaClasses(): Promise<void> {
  const file = await kafkaClassesFile(await kafkaJars())
  if (existsSync(file)) return
  const making = `${file}-${process.pid}`
  const kafka = await startKafka({
    // of a Java that cannot do it no file comes, and brokers start as ever
    javaOptions: ['-XX:+IgnoreUnrecognizedVMOptions', `-XX:ArchiveClassesAtExit=${making}`, '-Xlog:cds*=off'],
  })
  try {
    await kafka.shutdown()
    if (existsSync(making)) await rename(making, file)
  } finally {
    await kafka.stop()
    await rm(making, { force: true })
  }
}
