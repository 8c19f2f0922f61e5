import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Answer, eventually, type Instance, request, sinkClass, startInstance } from '../connect/kit.ts'
import { type ConnectWorker, startConnectWorker } from '../kit/connect-worker.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { createOrders } from '../kit/services.ts'

const fileSink = 'org.apache.kafka.connect.file.FileStreamSinkConnector'

let worker: ConnectWorker
let instance: Instance
let topic: string

before(async () => {
  const brokers = await sharedKafka()
  topic = await createOrders(brokers, 20)
  worker = await startConnectWorker(brokers)
  instance = await startInstance({ brokers })
})
after(async () => {
  await instance.close()
  await worker.stop()
})

/** Names and types of all that an answer holds; of a list, of its first entry. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])]
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, shapeOf(inner)]),
  )
}

interface Step {
  method: string
  path: string
  body?: (plugin: string) => unknown
  /** Asked until the answer is so. */
  until?: (answer: Answer) => boolean
  /** What is not compared but taken to be so in both answers. */
  set?: object
  /** The answer is the same word for word, not only in shape. */
  sameWords?: true
}

const isIn =
  (state: string) =>
  ({ body }: Answer) =>
    body.connector?.state === state && (state === 'STOPPED' || body.tasks[0]?.state === state)
const offset = (value: unknown) => () => ({
  offsets: [{ partition: { kafka_topic: topic, kafka_partition: '0' }, offset: { kafka_offset: value } }],
})

// a connector's life, asked of both; what is known to differ is in docs/connect.md and left out
const steps: Step[] = [
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/connectors', sameWords: true },
  { method: 'GET', path: '/connector-plugins', until: ({ body }) => body.length > 0 },
  {
    method: 'POST',
    path: '/connectors',
    body: (plugin) => ({
      name: 'alike',
      config: { 'connector.class': plugin, topics: topic, 'tasks.max': 1, 'rotate.idle.ms': '200' },
    }),
    until: ({ status }) => status === 201,
    // a worker that stands alone starts tasks before it answers; in a cluster, and here, they may come later
    set: { tasks: [] },
  },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('RUNNING') },
  { method: 'GET', path: '/connectors/alike/offsets', until: ({ body }) => body.offsets.length === 2 },
  { method: 'GET', path: '/connectors', sameWords: true },
  { method: 'GET', path: '/connectors/', sameWords: true },
  { method: 'GET', path: '/connectors/alike' },
  { method: 'GET', path: '/connectors/alike/config' },
  { method: 'GET', path: '/connectors/alike/tasks/0/status' },
  // a worker that stands alone keeps no track of topics
  { method: 'GET', path: '/connectors/alike/topics', set: { alike: { topics: [''] } } },
  { method: 'GET', path: '/connectors?expand=status&expand=info' },
  { method: 'GET', path: '/connectors?expand=status' },
  { method: 'GET', path: '/connectors?expand=unheard-of', sameWords: true },
  { method: 'PUT', path: '/connectors/alike/pause', sameWords: true },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('PAUSED') },
  { method: 'PUT', path: '/connectors/alike/resume', sameWords: true },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('RUNNING') },
  { method: 'POST', path: '/connectors/alike/restart', sameWords: true },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('RUNNING') },
  { method: 'POST', path: '/connectors/alike/restart?includeTasks=true' },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('RUNNING') },
  { method: 'POST', path: '/connectors/alike/restart?onlyFailed=true' },
  { method: 'POST', path: '/connectors/alike/tasks/0/restart', sameWords: true },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('RUNNING') },
  { method: 'PATCH', path: '/connectors/alike/offsets', body: offset(10) },
  { method: 'DELETE', path: '/connectors/alike/offsets' },
  { method: 'PUT', path: '/connectors/alike/stop', sameWords: true },
  { method: 'GET', path: '/connectors/alike/status', until: isIn('STOPPED') },
  { method: 'PATCH', path: '/connectors/alike/offsets', body: () => ({}) },
  { method: 'PATCH', path: '/connectors/alike/offsets', body: offset('ten') },
  {
    method: 'PATCH',
    path: '/connectors/alike/offsets',
    body: offset('10'),
    until: ({ status }) => status === 200,
    sameWords: true,
  },
  { method: 'PATCH', path: '/connectors/alike/config', body: () => ({ 'tasks.max': '2' }) },
  { method: 'PUT', path: '/connectors/alike/config', body: (plugin) => ({ 'connector.class': plugin, topics: topic }) },
  {
    method: 'PUT',
    path: '/connectors/alike/config',
    body: (plugin) => ({ 'connector.class': plugin, topics: topic, name: 'other' }),
  },
  {
    method: 'POST',
    path: '/connectors',
    body: (plugin) => ({ name: 'alike', config: { 'connector.class': plugin, topics: topic } }),
  },
  {
    method: 'POST',
    path: '/connectors',
    body: (plugin) => ({ name: 'both', config: { 'connector.class': plugin, topics: 'a', 'topics.regex': 'b' } }),
  },
  { method: 'GET', path: '/connectors/nowhere' },
  { method: 'GET', path: '/connectors/nowhere/status' },
  { method: 'GET', path: '/connectors/nowhere/offsets' },
  { method: 'GET', path: '/connectors/alike/tasks/99/status' },
  { method: 'GET', path: '/connectors/alike/unheard-of' },
  { method: 'PUT', path: '/connectors/nowhere/pause' },
  { method: 'DELETE', path: '/connectors/nowhere' },
  { method: 'DELETE', path: '/connectors/alike', sameWords: true },
]

const taken = (body: Answer['body'], set: object | undefined) => (set === undefined ? body : { ...body, ...set })

for (const { method, path, body, until, set, sameWords } of steps) {
  it(`${method} ${path} is answered as a worker of Kafka Connect does`, async () => {
    const ask = (url: string, plugin: string): Promise<Answer> =>
      eventually(() => request(url + path, method, body?.(plugin)), until ?? (() => true))
    const [theirs, ours] = await Promise.all([ask(worker.url, fileSink), ask(instance.url, sinkClass)])
    const told = JSON.stringify({ theirs: theirs.body, ours: ours.body })
    assert.equal(ours.status, theirs.status, told)
    if (sameWords) assert.deepEqual(ours.body, theirs.body)
    else assert.deepEqual(shapeOf(taken(ours.body, set)), shapeOf(taken(theirs.body, set)), told)
    if (until !== undefined) assert.ok(until(theirs) && until(ours), told)
  })
}

it('PUT …/config/validate has the shape of Kafka Connect’s', async () => {
  const validate = (url: string, plugin: string): Promise<Answer> =>
    request(`${url}/connector-plugins/${plugin}/config/validate`, 'PUT', {
      'connector.class': plugin,
      name: 'x',
      topics: 'x',
    })
  const [theirs, ours] = await Promise.all([validate(worker.url, fileSink), validate(instance.url, sinkClass)])
  assert.deepEqual([theirs.status, ours.status], [200, 200])
  // older clients look for the order by another name than Kafka 4 gives it
  const { order, ...definition } = ours.body.configs[0].definition
  assert.equal(order, definition.order_in_group)
  const first = { ...ours.body, configs: [{ ...ours.body.configs[0], definition }] }
  assert.deepEqual(shapeOf(first), shapeOf(theirs.body))
})
