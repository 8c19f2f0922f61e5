import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import type { Broker } from './broker.ts'

const exec = promisify(execFile)
const image = process.env.COLDSTREAM_KAFKA_IMAGE ?? 'apache/kafka:4.3.1'

/** Whether there is a Docker engine, not only its command. */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await exec('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 })
    return true
  } catch {
    // no command, no engine behind it, or one that does not answer: the demo goes on without
    return false
  }
}

/** Starts a Kafka in a container that is removed when this process ends, however it ends. */
export async function startKafkaInDocker(): Promise<Broker> {
  const port = await freePort()
  const name = `coldstream-demo-${process.pid}`
  const remover = removeWithParent(name)
  const stop = async (): Promise<void> => {
    await exec('docker', ['rm', '--force', '--volumes', name])
    remover.kill('SIGKILL')
  }
  try {
    await exec('docker', dockerRun(name, port))
    const brokers = [`127.0.0.1:${port}`]
    await awaitBroker(brokers)
    return { origin: `Docker container ${name} (${image})`, brokers, borrowed: false, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The image takes broker settings from the environment; once there is one, it wants all that are needed. */
function dockerRun(name: string, port: number): string[] {
  const settings = {
    NODE_ID: '1',
    PROCESS_ROLES: 'broker,controller',
    CONTROLLER_QUORUM_VOTERS: '1@127.0.0.1:29093',
    LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://127.0.0.1:29093`,
    ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
    LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    TRANSACTION_STATE_LOG_MIN_ISR: '1',
    SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
  }
  const environment = Object.entries(settings).flatMap(([key, value]) => ['--env', `KAFKA_${key}=${value}`])
  return ['run', '--detach', '--rm', '--name', name, '--publish', `127.0.0.1:${port}:${port}`, ...environment, image]
}

async function awaitBroker(brokers: string[]): Promise<void> {
  const retry = { initialRetryTime: 250, maxRetryTime: 1_000, retries: 60 }
  const admin = new Kafka({ clientId: 'demo', brokers, logLevel: logLevel.NOTHING, retry }).admin()
  await admin.connect()
  await admin.disconnect()
}

/** A process that is killed cleans nothing up; but this shell notices that its pipe was closed. */
function removeWithParent(name: string): { kill(signal: 'SIGKILL'): boolean } {
  const remover = spawn('/bin/sh', ['-c', 'read _; docker rm --force --volumes "$1"', 'sh', name], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  remover.unref()
  ;(remover.stdin as Socket).unref()
  return remover
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('The system gave no port')
  return address.port
}
