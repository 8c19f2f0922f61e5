/**
 * Loaded before the command line (`node --import`), so that a replay of a few thousand records is to it what one of billions
 * is: many units of work, and waits that end soon. Changes constants of the program and nothing of what it does.
 *
 * Takes REPLAY_LIMITS (JSON of ReplayLimits, in part) and TRANSACTION_TIMEOUT_MS from the environment.
 */
import { KafkaWriter } from '../../src/adapters/kafka/writer.ts'
import { defaultReplayLimits } from '../../src/replay/limits.ts'

Object.assign(defaultReplayLimits, JSON.parse(process.env.REPLAY_LIMITS ?? '{}'))

const transactionTimeoutMs = Number(process.env.TRANSACTION_TIMEOUT_MS)
if (transactionTimeoutMs > 0) {
  const open = KafkaWriter.open.bind(KafkaWriter)
  KafkaWriter.open = (cluster, id, options) => open(cluster, id, { ...options, transactionTimeoutMs })
}
