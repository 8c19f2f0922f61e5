import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createColdstream } from 'coldstream/client'
import { Kafka, logLevel } from 'kafkajs'
import { formatCount, number, type Output, renderTable, text } from '../../src/cli/output.ts'
import type { Broker } from '../demo/broker.ts'
import { followFromTheFirst } from './live-model.ts'
import { OrdersByCustomer } from './orders-by-customer.ts'
import { end, type Service, startService } from './service.ts'
import { createTopic, deleteTopics, orderEvents, write } from './traffic.ts'

const topic = 'orders'
const rebuild = 'orders-by-customer-v2'

/**
 * A model that never stopped, and one that is rebuilt from the archive while the shop goes on selling, killed on the way:
 * both end the same. Throws when they differ.
 */
export async function show(
  broker: Broker,
  folder: string,
  events: number,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const kafka = new Kafka({ clientId: 'read-model', brokers: broker.brokers, logLevel: logLevel.NOTHING })
  const cleaning: (() => Promise<unknown>)[] = []
  try {
    await createTopic(kafka, topic)
    if (broker.borrowed) {
      cleaning.push(() =>
        deleteTopics(kafka, (name) => name === topic || name === rebuild || name === `coldstream-progress-${rebuild}`),
      )
    }
    const all = orderEvents(events)
    const history = all.slice(0, Math.floor(all.length / 2))
    output.line(
      `${formatCount(history.length)} events of orders are written, archived, and taken by a model that never stops`,
    )
    const service = await startService(broker.brokers, topic, folder)
    cleaning.push(() => service.stop())
    const live = await followFromTheFirst(kafka, topic, join(folder, 'never-stopped.sqlite'))
    cleaning.push(() => live.close())
    await write(kafka, topic, history, { pauseMs: 0 }, signal)
    await archived(service, history.length, signal)

    output.line(`the shop goes on: ${formatCount(all.length - history.length)} more events, a few at a time`)
    const sales = write(
      kafka,
      topic,
      all.slice(history.length),
      { pauseMs: 50, size: Math.ceil(all.length / 400) },
      signal,
    )
    // whoever waits for it hears of it; what fails before must not end the process
    sales.catch(() => undefined)
    const file = join(folder, 'rebuilt.sqlite')
    await rebuildAndKill(broker, service, file, output, signal, cleaning)
    await sales
    await Promise.all([reached(live.model, kafka, signal), reachedFile(file, kafka, signal)])
    compare(live.model, file, all.length, output)
  } finally {
    for (const clean of cleaning.reverse()) await clean()
  }
}

/** Starts the rebuilt model, kills it while it rebuilds, and starts it again. */
async function rebuildAndKill(
  broker: Broker,
  service: Service,
  file: string,
  output: Output,
  signal: AbortSignal,
  cleaning: (() => Promise<unknown>)[],
): Promise<void> {
  const start = (): ChildProcess => {
    const args = [
      '--coldstream',
      service.url,
      '--brokers',
      broker.brokers.join(),
      '--topic',
      topic,
      '--name',
      rebuild,
      '--database',
      file,
    ]
    const child = fork(join(import.meta.dirname, 'rebuilt-model.ts'), args, {
      execArgv: ['--disable-warning=TimeoutNegativeWarning', '--disable-warning=ExperimentalWarning'],
    })
    cleaning.push(() => end(child))
    return child
  }
  output.line('meanwhile another model is rebuilt: replayed from the archive into a fresh topic, and read from there')
  const first = start()
  await phase(first, 'rebuild', signal)
  while (!(await hasBegun(file))) await sleep(5, undefined, { signal })
  await end(first, 'SIGKILL')
  output.line('kill -9 in the middle of it; it is started again and goes on where its database says')
  const second = start()
  await phase(second, 'follow', signal)
  output.line('the rebuild has reached the end of the replay; from here on it follows the topic itself')
}

/** Resolves when the process says that it has come to that phase. */
async function phase(child: ChildProcess, wanted: string, signal: AbortSignal): Promise<void> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the rebuilt model ended with ${code}`)
  })
  ended.catch(() => undefined)
  for (;;) {
    const [told] = await Promise.race([once(child, 'message', { signal }), ended])
    if (told === wanted) return
  }
}

async function hasBegun(file: string): Promise<boolean> {
  return Object.keys(await look(file, (model) => model.applied())).length > 0
}

/** Waits until all that was written so far is archived, or nearly so. */
async function archived({ url }: Service, events: number, signal: AbortSignal): Promise<void> {
  const client = createColdstream({ url })
  for (;;) {
    const topics = await client.topics.list({ signal })
    if ((topics.find((found) => found.topic === topic)?.records ?? 0) >= events * 0.9) return
    await sleep(200, undefined, { signal })
  }
}

/** Waits until the model holds all that the topic has. */
async function reached(model: OrdersByCustomer, kafka: Kafka, signal: AbortSignal): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const ends = await admin.fetchTopicOffsets(topic)
    while (ends.some(({ partition, high }) => model.position(topic, partition) < Number(high))) {
      await sleep(100, undefined, { signal })
    }
  } finally {
    await admin.disconnect()
  }
}

async function reachedFile(file: string, kafka: Kafka, signal: AbortSignal): Promise<void> {
  await look(file, (model) => reached(model, kafka, signal))
}

async function look<Result>(
  file: string,
  work: (model: OrdersByCustomer) => Promise<Result> | Result,
): Promise<Result> {
  const model = new OrdersByCustomer(file)
  try {
    return await work(model)
  } finally {
    model.close()
  }
}

function compare(live: OrdersByCustomer, file: string, events: number, output: Output): void {
  const rebuilt = new OrdersByCustomer(file)
  try {
    const columns = [
      text('model'),
      number('from the replay'),
      number('live'),
      number('orders'),
      number('customers'),
      text('checksum'),
    ]
    const line = (name: string, model: OrdersByCustomer): string[] => {
      const { rebuild: replayed = 0, follow = 0, live: always = 0 } = model.applied()
      const counts = [replayed, follow + always, model.orders, model.rows().length].map(formatCount)
      return [name, ...counts, `${model.checksum().slice(0, 24)}…`]
    }
    output.line(renderTable(columns, [line('never stopped', live), line('rebuilt', rebuilt)]))
    const { rebuild: replayed = 0, follow = 0 } = rebuilt.applied()
    if (replayed === 0 || follow === 0) throw new Error('one of the phases had nothing to do: nothing was proved.')
    if (replayed + follow !== events)
      throw new Error(`${events} events were written, the rebuilt model took ${replayed + follow}.`)
    if (rebuilt.checksum() !== live.checksum()) throw new Error('the models differ.')
    output.line(
      `equal: each of the ${formatCount(events)} events was taken once, and the models answer every question alike`,
    )
  } finally {
    rebuilt.close()
  }
}
