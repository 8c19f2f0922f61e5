import { fileURLToPath } from 'node:url'
import { formatCount } from '../../src/cli/output.ts'
import { shellWord } from './coldstream.ts'

/** What the demo has made. */
export interface Made {
  seconds: number
  events: number
  /** URL of the archive. */
  store: string
  /** Window of the replay. */
  from: string
  until: string
  rebuilt: string
  /** Where Kafka still runs; null when it was stopped. */
  brokers: string[] | null
}

/** What was made and what to try next: every command works when it is copied, in the clone's folder. */
export function summary({ seconds, events, store, from, until, rebuilt, brokers }: Made): string {
  const sql = `SELECT json_extract_scalar(from_utf8(record_value), 'country') AS country, count(*) AS orders FROM orders WHERE json_extract_scalar(from_utf8(record_value), 'type') = 'OrderPlaced' GROUP BY 1 ORDER BY 2 DESC`
  const lines = [
    '',
    `== Done in ${seconds.toFixed(1)} s`,
    `${formatCount(events)} events were archived, and ${from} to ${until} of orders replayed into ${rebuilt}.`,
    `The archive stays in ${fileURLToPath(store)}: plain Parquet below topics/, the commit log below log/.`,
    '',
    'Try next:',
    `  export COLDSTREAM_STORE=${shellWord(store)}`,
    ...(brokers === null ? [] : [`  export COLDSTREAM_KAFKA_BROKERS=${brokers.join()}`]),
    '  npx coldstream templates',
    '  npx coldstream query --template events-of-key --param topic=orders --param key=order-000042',
    `  npx coldstream query ${shellWord(sql)}`,
    '  npx coldstream segments payments',
    '  npx coldstream verify shipments',
    ...(brokers === null
      ? ['Kafka was stopped; `npm run demo -- --keep` keeps it running, to replay more of the archive.']
      : ['  npx coldstream replay payments --to payments-again --dry-run', 'Kafka runs until you press Ctrl-C here.']),
  ]
  return lines.join('\n')
}
