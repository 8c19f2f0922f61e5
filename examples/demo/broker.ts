import { startKafka } from '../../test/kit/kafka.ts'
import { dockerAnswers, startKafkaInDocker } from './docker.ts'

/** The Kafka of the demo. */
export interface Broker {
  /** Where it came from, for people. */
  readonly origin: string
  readonly brokers: string[]
  /** Whether it is somebody's own, who wants it back as it was. */
  readonly borrowed: boolean
  /** Ends it, if it was started for the demo. */
  stop(): Promise<void>
}

/** The brokers of the configuration; else a container, where a Docker engine answers; else Kafka on this Java. */
export async function findBroker(note: (text: string) => void): Promise<Broker> {
  const given = process.env.COLDSTREAM_KAFKA_BROKERS
  if (given) {
    const brokers = given.split(',').map((broker) => broker.trim())
    return { origin: 'COLDSTREAM_KAFKA_BROKERS', brokers, borrowed: true, stop: async () => undefined }
  }
  if (await dockerAnswers()) {
    try {
      return await startKafkaInDocker()
    } catch (error) {
      note(`Docker could not start a Kafka, so Java has to: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return startOnJava()
}

async function startOnJava(): Promise<Broker> {
  try {
    const server = await startKafka()
    return {
      origin: `Java, process ${server.pid}`,
      brokers: server.brokers,
      borrowed: false,
      stop: () => server.stop(),
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `${why}\nThe demo needs one of three: a Kafka of yours (COLDSTREAM_KAFKA_BROKERS=host:port npm run demo), Docker, or Java 17 with Maven.`,
      { cause },
    )
  }
}
