import { createProtocolError } from '../errors/protocol-errors.js'
import type { OutgoingEvent } from '../translate/event.js'
import type { Message, PartitionerArgs, RecordMetadata } from '../types/index.js'
import { messageTooLarge } from './partition-sender.js'
import { Shipment } from './shipment.js'
import type { Topic } from './topic.js'

/** One topic's share of a `send`, each message with the event made of it. */
export interface TopicLoad {
  readonly topic: Topic
  readonly messages: readonly Message[]
  readonly events: readonly OutgoingEvent[]
}

/** A shipment and where it goes. */
export interface Consignment {
  readonly topic: Topic
  readonly shipment: Shipment
}

export type Partitioner = (args: PartitionerArgs) => number

export interface RoutingOptions {
  readonly lane: unknown
  readonly timeout: number | undefined
}

/** The partition of some message is none of the topic's. */
export class UnknownPartition {
  readonly topic: Topic
  readonly partition: unknown

  constructor(topic: Topic, partition: unknown) {
    this.topic = topic
    this.partition = partition
  }

  toError(): Error {
    const { name, partitions } = this.topic
    const ids = partitions.map(({ partitionId }) => partitionId)
    const message = `Topic ${name} has no partition ${String(this.partition)}: it has ${ids.length}, ${ids[0]} to ${ids.at(-1)}`
    return createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { message, retriable: false })
  }
}

/** Chooses partitions: one shipment per topic-partition, in kafkajs's order, by topic and then by partition. */
export function route(
  loads: readonly TopicLoad[],
  partitioner: Partitioner,
  options: RoutingOptions,
): Consignment[] | UnknownPartition {
  const consignments: Consignment[] = []
  for (const { topic, messages, events } of loads) {
    if (messages.length === 0) continue
    const byPartition = new Map<number, OutgoingEvent[]>()
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message
      const chosen: unknown = partitioner({ topic: topic.name, partitionMetadata: topic.partitions, message })
      const partition = typeof chosen === 'string' ? Number(chosen) : (chosen as number)
      if (!topic.has(partition)) return new UnknownPartition(topic, chosen)
      const list = byPartition.get(partition)
      if (list) list.push(events[index] as OutgoingEvent)
      else byPartition.set(partition, [events[index] as OutgoingEvent])
    }
    const partitions = byPartition.size === 1 ? byPartition : [...byPartition].sort(([a], [b]) => a - b)
    for (const [partition, list] of partitions) {
      consignments.push({ topic, shipment: new Shipment({ partition, events: list, ...options }) })
    }
  }
  return consignments
}

/** What `send` resolves with. An acknowledgement over AMQP carries no offset. */
export function toRecordMetadata(consignments: readonly Consignment[]): RecordMetadata[] {
  return consignments.map(({ topic, shipment }) => ({
    topicName: topic.name,
    partition: shipment.partition,
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
export function refuseTooLarge(consignments: readonly Consignment[]): void {
  for (const { topic, shipment } of consignments) {
    for (const event of shipment.events) {
      if (!topic.fits(event)) throw messageTooLarge(topic.name, shipment.partition, topic.limit ?? 0)
    }
  }
}
