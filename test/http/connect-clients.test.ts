import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Instance, sinkClass, startInstance, uniqueName } from '../connect/kit.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { pythonEnvironment } from '../kit/python.ts'
import { createOrders } from '../kit/services.ts'

const run = promisify(execFile)

/** Two public clients of Kafka Connect that know nothing of Coldstream; all they can send of a key is a password. */
const packages = ['kafka-connect-py==1.0.0', 'kafka-connect-api==0.5.10']

const key = randomUUID()
let instance: Instance
let python: string
let topic: string

before(async () => {
  const brokers = await sharedKafka()
  const sha256 = createHash('sha256').update(key).digest('hex')
  instance = await startInstance({ brokers, config: `http:\n  apiKeys:\n    - {name: test, sha256: "${sha256}"}\n` })
  python = join(await pythonEnvironment(packages), 'bin', 'python')
  topic = await createOrders(brokers, 20)
})
after(() => instance.close())

/** Runs a script to which url, key, topic and connector are given; answers the JSON that it prints last. */
async function script(text: string, name: string) {
  const { stdout } = await run(python, ['-c', text, instance.url, key, topic, name, sinkClass])
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

describe('kafka-connect-py', () => {
  it('leads a connector through its life', async () => {
    const name = uniqueName('py')
    const told = await script(
      `
import sys, json, time
from kafka_connect import KafkaConnect
url, key, topic, name, sink = sys.argv[1:]
connect = KafkaConnect(url, auth='anyone:' + key)
told = {}
def until(state):
    for _ in range(100):
        status = connect.get_connector_status(name)
        tasks = [task['state'] for task in status['tasks']]
        begun = state != 'RUNNING' or (tasks and 'UNASSIGNED' not in tasks)
        if status['connector']['state'] == state and begun:
            return state
        time.sleep(0.1)
told['cluster'] = connect.get_cluster_info()
config = {'connector.class': sink, 'topics': topic, 'flush.size': '5', 'tasks.max': '1'}
told['valid'] = connect.validate_connector_config(sink, dict(config, name=name))['error_count']
told['created'] = connect.create_connector({'name': name, 'config': config})['name']
told['running'] = until('RUNNING')
told['listed'] = connect.list_connectors(pattern=name, state='running')
told['expanded'] = list(connect.list_connectors(expand='status')[name])
told['updated'] = connect.update_connector(name, dict(config, **{'flush.size': '6'}))['config']['flush.size']
until('RUNNING')
connect.pause_connector(name)
told['paused'] = until('PAUSED')
connect.resume_connector(name)
until('RUNNING')
told['restarted'] = connect.restart_connector(name, include_tasks=True)['connector']['state']
until('RUNNING')
told['tasks'] = [task['id']['task'] for task in connect.list_connector_tasks(name)]
for _ in range(100):
    told['task'] = connect.get_connector_task_status(name, 0)['state']
    if told['task'] == 'RUNNING': break
    time.sleep(0.1)
for _ in range(100):
    told['topics'] = connect.list_connector_topics(name)[name]['topics']
    if told['topics']: break
    time.sleep(0.1)
told['plugins'] = [plugin['class'] for plugin in connect.list_connector_plugins()]
connect.stop_connector(name)
told['stopped'] = until('STOPPED')
connect.delete_connector(name)
told['left'] = connect.list_connectors()
print(json.dumps(told))
`,
      name,
    )
    const { cluster, ...rest } = told
    assert.deepEqual(Object.keys(cluster).sort(), ['commit', 'kafka_cluster_id', 'version'])
    assert.deepEqual(rest, {
      valid: 0,
      created: name,
      running: 'RUNNING',
      listed: [name],
      expanded: ['status'],
      updated: '6',
      paused: 'PAUSED',
      restarted: 'RESTARTING',
      tasks: [0],
      task: 'RUNNING',
      topics: [topic],
      plugins: [sinkClass],
      stopped: 'STOPPED',
      left: [],
    })
  })
})

describe('kafka-connect-api', () => {
  it('configures, inspects, cycles and deletes a connector', async () => {
    const name = uniqueName('api')
    const told = await script(
      `
import sys, json, time
from kafka_connect_api.kafka_connect_api import Api, Cluster, Connector
url, key, topic, name, sink = sys.argv[1:]
cluster = Cluster(Api(url=url, username='anyone', password=key))
told = {}
connector = Connector(cluster, name)
connector.config = {'connector.class': sink, 'topics': topic, 'tasks.max': '1'}
told['connectors'] = list(cluster.connectors)
for _ in range(100):
    if connector.tasks: break
    time.sleep(0.1)
told['state'] = connector.state
told['running'] = [task.is_running() for task in connector.tasks]
told['class'] = connector.connector_class
connector.cycle_connector()
for _ in range(100):
    if connector.state == 'RUNNING': break
    time.sleep(0.1)
told['after'] = connector.state
connector.restart()
connector.delete()
told['left'] = list(cluster.connectors)
print(json.dumps(told))
`,
      name,
    )
    assert.deepEqual(told, {
      connectors: [name],
      state: 'RUNNING',
      running: [true],
      class: sinkClass,
      after: 'RUNNING',
      left: [],
    })
  })
})
