import { protocolErrorsCodesById } from '@platformatic/kafka'
import { type ColdstreamError, NotFoundError, UnavailableError } from '../../errors.ts'

/** The error codes of Kafka's protocol that this adapter acts on (https://kafka.apache.org/protocol#protocol_error_codes). */
export const KafkaCode = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  offsetMetadataTooLarge: 12,
  networkException: 13,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  topicAuthorizationFailed: 29,
  illegalGeneration: 22,
  inconsistentGroupProtocol: 23,
  unknownMemberId: 25,
  invalidSessionTimeout: 26,
  rebalanceInProgress: 27,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  invalidTimestamp: 32,
  unsupportedVersion: 35,
  topicAlreadyExists: 36,
  invalidPartitions: 37,
  invalidReplicationFactor: 38,
  invalidConfig: 40,
  notController: 41,
  policyViolation: 44,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  invalidProducerIdMapping: 49,
  invalidTransactionTimeout: 50,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  storageError: 56,
  unknownProducerId: 59,
  groupIdNotFound: 69,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 75,
  memberIdRequired: 79,
  invalidRecord: 87,
  producerFenced: 90,
  unknownTopicId: 100,
  transactionalIdNotFound: 105,
  fencedMemberEpoch: 110,
  staleMemberEpoch: 113,
} as const

const retriable = new Set<number>([
  KafkaCode.unknownTopicOrPartition,
  KafkaCode.leaderNotAvailable,
  KafkaCode.notLeaderOrFollower,
  KafkaCode.requestTimedOut,
  KafkaCode.networkException,
  KafkaCode.coordinatorLoadInProgress,
  KafkaCode.coordinatorNotAvailable,
  KafkaCode.notCoordinator,
  KafkaCode.notEnoughReplicas,
  KafkaCode.notEnoughReplicasAfterAppend,
  KafkaCode.notController,
  KafkaCode.concurrentTransactions,
  KafkaCode.storageError,
  KafkaCode.fencedLeaderEpoch,
  KafkaCode.unknownLeaderEpoch,
  KafkaCode.unknownTopicId,
])

const denied = new Set<number>([
  KafkaCode.topicAuthorizationFailed,
  KafkaCode.groupAuthorizationFailed,
  KafkaCode.clusterAuthorizationFailed,
  KafkaCode.transactionalIdAuthorizationFailed,
])

/** Whether the same request may succeed when it is sent again, perhaps to another broker. */
export function isRetriable(code: number): boolean {
  return retriable.has(code)
}

/** Kafka's name of an error code, `NOT_LEADER_OR_FOLLOWER`. */
export function kafkaCodeName(code: number): string {
  const names: Record<number, string | undefined> = protocolErrorsCodesById
  return names[code] ?? `error ${code}`
}

/**
 * What a broker's refusal means to the reader. `doing` completes "Kafka refused …"; `subject` is what it was about, as
 * in "topic 'orders'".
 */
export function brokerRefusal(code: number, doing: string, subject: string, said?: string | null): ColdstreamError {
  const name = kafkaCodeName(code)
  const details = { kafkaError: name, subject }
  const message = `Kafka refused ${doing} of ${subject}: ${name}${said ? ` (${said})` : ''}`
  if (denied.has(code)) {
    return new UnavailableError('broker-permission-denied', message, {
      remedy: `Give this client's principal the permission on ${subject} (kafka-acls --add), then try again.`,
      details,
    })
  }
  if (code === KafkaCode.unknownTopicOrPartition || code === KafkaCode.unknownTopicId) {
    return new NotFoundError('topic-not-found', message, {
      remedy: 'Check the name with `coldstream topics`; a topic that was deleted and created again is another one.',
      details,
    })
  }
  return new UnavailableError('broker-refused', message, {
    remedy: isRetriable(code)
      ? 'The broker kept answering so; look at its log and health, then try again.'
      : "Look up the error in Kafka's protocol guide and the broker's log.",
    details,
  })
}
