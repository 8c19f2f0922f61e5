import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { statuses } from './orders-by-customer.ts'
import { rebuildModel } from './rebuild.ts'

const usage = `Builds a read model (orders by customer) from a topic of order events, with kafkajs.

  node examples/read-model/main.ts --brokers localhost:9092 --topic orders-rebuilt [--top 10]
`

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: process.env.COLDSTREAM_KAFKA_BROKERS },
    topic: { type: 'string' },
    top: { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(usage)
else if (values.brokers === undefined || values.topic === undefined) {
  process.stderr.write(`Missing: --brokers (or COLDSTREAM_KAFKA_BROKERS) and --topic.\n\n${usage}`)
  process.exitCode = 2
} else {
  await show(values.brokers, values.topic, Number(values.top)).catch((error: Error) => {
    process.stderr.write(`${values.topic} could not be read from ${values.brokers}: ${error.message}\n`)
    process.exitCode = 1
  })
}

async function show(brokers: string, topic: string, top: number): Promise<void> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  const kafka = new Kafka({ clientId: 'read-model', brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  const { model, digest } = await rebuildModel(kafka, topic, null, stop.signal)
  const rows = model.rows().sort((a, b) => b.amountCents - a.amountCents)
  console.table(
    rows.slice(0, top).map(({ customerId, orders, amountCents }) => ({
      customer: customerId,
      ...Object.fromEntries(statuses.map((status) => [status, orders[status]])),
      amount: (amountCents / 100).toFixed(2),
    })),
  )
  console.log(`${digest.records} records, ${model.orders} orders, ${rows.length} customers`)
  console.log(`model    ${model.checksum()}\nrecords  ${digest.checksum()}`)
}
