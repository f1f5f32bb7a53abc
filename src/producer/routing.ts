import { createProtocolError } from '../errors/protocol-errors.js'
import { toError } from '../errors/thrown.js'
import { encodedSize, fitsAlone } from '../eventhubs/sending/encoding.js'
import type { OutgoingEvent } from '../translate/event.js'
import type { Message, PartitionerArgs, RecordMetadata } from '../types/index.js'
import { PartitionBatch } from './partition-batch.js'
import { messageTooLarge } from './partition-sender.js'
import type { Topic } from './topic.js'

/** One topic's share of a `send`, each message with the event made of it. */
export interface TopicRequest {
  readonly topic: Topic
  /** The topic as this caller spells it. */
  readonly name: string
  readonly messages: readonly Message[]
  readonly events: readonly OutgoingEvent[]
}

/** A batch and the topic whose partition it is for. */
export interface RoutedBatch {
  readonly topic: Topic
  /** The topic as the caller spells it. */
  readonly name: string
  readonly batch: PartitionBatch
}

export type Partitioner = (args: PartitionerArgs) => number

export interface RoutingOptions {
  readonly joinKey: unknown
  readonly timeout: number | undefined
  /** Events will carry sequence numbers. */
  readonly idempotent: boolean
}

/** The partition of some message is none of the topic's. */
export class UnknownPartition {
  readonly topic: Topic
  readonly name: string
  readonly partition: unknown

  constructor({ topic, name }: TopicRequest, partition: unknown) {
    this.topic = topic
    this.name = name
    this.partition = partition
  }

  toError(): Error {
    const { name, topic } = this
    const ids = topic.partitions.map(({ partitionId }) => partitionId)
    const chosen = toError(this.partition).message
    const message = `Topic ${name} has no partition ${chosen}: it has ${ids.length}, ${ids[0]} to ${ids.at(-1)}`
    return createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { message, retriable: false })
  }
}

/** Chooses partitions: one batch per topic-partition, in kafkajs's order, by topic and then by partition. */
export function route(
  requests: readonly TopicRequest[],
  partitioner: Partitioner,
  { joinKey, timeout, idempotent }: RoutingOptions,
): RoutedBatch[] | UnknownPartition {
  const routed: RoutedBatch[] = []
  for (const request of requests) {
    const { topic, name, messages, events } = request
    if (messages.length === 0) continue
    const byPartition = new Map<number, PartitionBatch>()
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message
      const chosen: unknown = partitioner({ topic: name, partitionMetadata: topic.partitions, message })
      const partition = typeof chosen === 'string' ? Number(chosen) : (chosen as number)
      if (typeof partition !== 'number' || !topic.has(partition)) return new UnknownPartition(request, chosen)
      let batch = byPartition.get(partition)
      if (!batch) {
        batch = new PartitionBatch({ partition, joinKey, timeout })
        byPartition.set(partition, batch)
      }
      const event = events[index] as OutgoingEvent
      batch.add(event, encodedSize(event, idempotent))
    }
    const batches = [...byPartition.values()]
    if (batches.length > 1) batches.sort((a, b) => a.partition - b.partition)
    for (const batch of batches) routed.push({ topic, name, batch })
  }
  return routed
}

/** The value that `send` resolves with. An acknowledgement over AMQP carries no offset. */
export function toRecordMetadata(routed: readonly RoutedBatch[]): RecordMetadata[] {
  return routed.map(({ name, batch }) => ({
    topicName: name,
    partition: batch.partition,
    errorCode: 0,
    baseOffset: '-1',
    logAppendTime: '-1',
    logStartOffset: '0',
  }))
}

/**
 * Compares each event with the largest transfer its topic takes.
 *
 * @throws KafkaJSProtocolError MESSAGE_TOO_LARGE for one that does not fit.
 */
export function refuseTooLarge(routed: readonly RoutedBatch[]): void {
  for (const { topic, name, batch } of routed) {
    const { limit } = topic
    if (limit === undefined) continue
    const { events, sizes, partition } = batch
    for (let index = 0; index < events.length; index++) {
      if (!fitsAlone(events[index] as OutgoingEvent, sizes[index] as number, limit)) {
        throw messageTooLarge(name, partition, limit)
      }
    }
  }
}
