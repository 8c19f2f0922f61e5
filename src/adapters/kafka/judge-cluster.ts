import type { CheckResult } from '../../ports/check-result.ts'
import type { GroupPermissions } from './group-permissions.ts'
import type { ClusterHealth, TopicPermissions } from './health.ts'

/** Beyond this a retention computed here and one computed by the broker differ noticeably. */
const clockToleranceMs = 5_000

/** Says of each fact about a cluster whether it will do, and what to do if not. */
export function judgeCluster(health: ClusterHealth): CheckResult[] {
  const brokers = health.brokers.map(({ nodeId, address, problem }): CheckResult => {
    const check = `broker ${nodeId} at ${address}`
    if (problem === null) return { check, outcome: 'ok', message: 'answers', remedy: null }
    return { check, outcome: 'failure', message: problem.message, remedy: problem.remedy }
  })
  return [
    ...brokers,
    judgeVersion(health),
    judgeTransactions(health),
    judgeClock(health),
    ...health.topics.map(judgeTopic),
    ...health.groups.map(judgeGroup),
  ]
}

function judgeVersion({ missingRequests }: ClusterHealth): CheckResult {
  const check = 'broker version'
  if (missingRequests.length === 0)
    return { check, outcome: 'ok', message: 'offers every request that is needed', remedy: null }
  const message = `does not offer ${missingRequests.join(', ')}`
  return { check, outcome: 'failure', message, remedy: 'Upgrade the brokers to Kafka 3.1 or newer.' }
}

function judgeTransactions({ features }: ClusterHealth): CheckResult {
  const check = 'broker transactions'
  const version = features['transaction.version'] ?? 0
  if (version >= 2) return { check, outcome: 'ok', message: 'transaction.version 2 (KIP-890)', remedy: null }
  return {
    check,
    outcome: 'warning',
    message: `transaction.version ${version}: replays use the older protocol, with a request more per transaction`,
    remedy:
      'Nothing has to be done; with Kafka 4.0 or newer "kafka-features upgrade --feature transaction.version=2" makes replays a little faster.',
  }
}

function judgeClock({ clockAheadMs }: ClusterHealth): CheckResult {
  const check = 'clock'
  if (clockAheadMs === null) {
    return {
      check,
      outcome: 'ok',
      message: 'this client may not ask for the broker’s time (DESCRIBE on the cluster)',
      remedy: null,
    }
  }
  const apart = `${Math.abs(Math.round(clockAheadMs))} ms ${clockAheadMs >= 0 ? 'ahead of' : 'behind'} the broker`
  if (Math.abs(clockAheadMs) <= clockToleranceMs) return { check, outcome: 'ok', message: apart, remedy: null }
  return {
    check,
    outcome: 'warning',
    message: `this machine is ${apart}`,
    remedy: 'Let NTP set the clocks of this machine and of the brokers.',
  }
}

/** Capture needs to read and describe; writing is asked of replay targets only. */
function judgeTopic({ topic, exists, missing }: TopicPermissions): CheckResult {
  const check = `topic ${topic}`
  if (!exists) {
    const remedy = 'Create it, or allow this client DESCRIBE on it: Kafka does not tell the difference.'
    return { check, outcome: 'failure', message: 'does not exist, or may not be seen', remedy }
  }
  const needed = missing.filter((operation) => operation !== 'write')
  if (needed.length === 0) return { check, outcome: 'ok', message: 'may be read', remedy: null }
  const message = `this client may not ${needed.join(', ')}`
  return {
    check,
    outcome: 'failure',
    message,
    remedy: `Allow the operation, for example: kafka-acls --add --allow-principal <user> --operation ${needed[0]} --topic ${topic}`,
  }
}

/** Capture is a member of its connector's group. With `--until-end` it is none and could do without, but then lag tools see nothing. */
function judgeGroup({ group, mayRead }: GroupPermissions): CheckResult {
  const check = `group ${group}`
  if (mayRead) return { check, outcome: 'ok', message: 'may be joined', remedy: null }
  return {
    check,
    outcome: 'failure',
    message: 'this client may not read it, which is to join it and to commit its offsets',
    remedy: `Allow it, for example: kafka-acls --add --allow-principal <user> --operation read --group ${group}`,
  }
}
