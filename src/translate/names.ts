import type { KafkaJSProtocolError } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'

/** Event hubs: 1 to 256 of these; "Naming rules and restrictions for Azure resources", Microsoft.EventHub. */
const EVENT_HUB_NAME = /^[A-Za-z0-9._-]{1,256}$/
/** Consumer groups: 1 to 50, from the same page; `$Default` is there in every event hub. */
const CONSUMER_GROUP_NAME = /^[A-Za-z0-9._-]{1,50}$/

export const DEFAULT_CONSUMER_GROUP = '$Default'

/** True for a name that an event hub can have. Kafka allows the same characters, and one length less. */
export function isEventHubName(topic: unknown): topic is string {
  return typeof topic === 'string' && EVENT_HUB_NAME.test(topic) && topic !== '.' && topic !== '..'
}

/** True for a Kafka group whose name an Event Hubs consumer group can have. Longer ones read `$Default`. */
export function isConsumerGroupName(groupId: string): boolean {
  return CONSUMER_GROUP_NAME.test(groupId) || groupId.toLowerCase() === DEFAULT_CONSUMER_GROUP.toLowerCase()
}

/** The error that a broker has for a topic whose name none would take. */
export function invalidTopicError(topic: unknown): KafkaJSProtocolError {
  const message =
    `The request attempted to perform an operation on an invalid topic: "${String(topic)}". ` +
    'An event hub has a name of 1 to 256 letters, digits, periods, hyphens and underscores'
  return createProtocolError('INVALID_TOPIC_EXCEPTION', { message })
}

/** Throws where no event hub can have the name: it must not become part of an address. */
export function checkEventHubName(topic: unknown): void {
  if (!isEventHubName(topic)) throw invalidTopicError(topic)
}

/** The name a topic has inside: event hub names are compared without case. */
export function topicKey(topic: string): string {
  return topic.toLowerCase()
}

/** Partition number of a partition id that anybody may have written; undefined for one that is none. */
export function parsePartition(partitionId: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(partitionId) ? Number(partitionId) : undefined
}

/** Partition number of a partition id, which on Event Hubs is a decimal string. */
export function toPartition(partitionId: string): number {
  return Number(partitionId)
}
