import type { CompressionTypes } from './enums.js'
import type { PartitionOffset } from './offsets.js'

/** Message headers. Received values are Buffers, or arrays of Buffers where a header was repeated. @public */
export interface IHeaders {
  /** The value, or the values of a repeated header. */
  [key: string]: Buffer | string | (Buffer | string)[] | undefined
}

/** A message to send. @public */
export interface Message {
  /** Decides the partition, and comes back as a Buffer. */
  key?: Buffer | string | null
  /** The body; null is a tombstone and comes back as null. */
  value: Buffer | string | null
  /** The partition to send to; decides over the key. */
  partition?: number
  /** Headers: strings and Buffers, or arrays of them. */
  headers?: IHeaders
  /** The time the message was made, ms since the epoch, as a decimal string. */
  timestamp?: string
}

/** Messages for one topic. @public */
export interface TopicMessages {
  /** The topic (event hub). */
  topic: string
  /** The messages, kept in this order within each partition. */
  messages: Message[]
}

/** The argument of `producer.send`. @public */
export interface ProducerRecord {
  /** The topic (event hub). */
  topic: string
  /** The messages, kept in this order within each partition. */
  messages: Message[]
  /** -1 (default) and 1 wait until the messages are stored, 0 does not. */
  acks?: number
  /** The longest time the service may take to acknowledge, ms. Default 30 000. */
  timeout?: number
  /** The codec; see `eventHubs.compression`. */
  compression?: CompressionTypes
}

/** The argument of `producer.sendBatch`. @public */
export interface ProducerBatch {
  /** -1 (default) and 1 wait until the messages are stored, 0 does not. */
  acks?: number
  /** The longest time the service may take to acknowledge, ms. Default 30 000. */
  timeout?: number
  /** The codec; see `eventHubs.compression`. */
  compression?: CompressionTypes
  /** The messages, by topic; entries of the same topic are joined. */
  topicMessages?: TopicMessages[]
}

/**
 * One per topic-partition written. AMQP's acknowledgement carries no offset: `baseOffset` is `'-1'`.
 *
 * @public
 */
export type RecordMetadata = {
  topicName: string
  partition: number
  errorCode: number
  offset?: string
  timestamp?: string
  baseOffset?: string
  logAppendTime?: string
  logStartOffset?: string
}

/** A message in the format before Kafka 0.11; never made by this package. @public */
export interface MessageSetEntry {
  /** The key. */
  key: Buffer | null
  /** The body. */
  value: Buffer | null
  /** Ms since the epoch, decimal. */
  timestamp: string
  /** Kafka's attribute bits. */
  attributes: number
  /** Position in the partition, decimal. */
  offset: string
  /** Size in bytes. */
  size: number
  /** This format has no headers. */
  headers?: never
}

/** A message as consumers get it. @public */
export interface RecordBatchEntry {
  /** The key. */
  key: Buffer | null
  /** The body; null for a tombstone. */
  value: Buffer | null
  /** The time it was made, or else stored: ms since the epoch, decimal. */
  timestamp: string
  /** Kafka's attribute bits; 0. */
  attributes: number
  /** Position in the partition, decimal: the event's sequence number. */
  offset: string
  /** Headers; empty when there were none. */
  headers: IHeaders
  /** Only in {@link MessageSetEntry}. */
  size?: never
}

/** A received message. @public */
export type KafkaMessage = MessageSetEntry | RecordBatchEntry

/** Messages of one partition, as `eachBatch` gets them. @public */
export type Batch = {
  topic: string
  partition: number
  /** The offset that the next message written will get. */
  highWatermark: string
  messages: KafkaMessage[]
  isEmpty(): boolean
  firstOffset(): string | null
  lastOffset(): string
  /** The number of messages that follow the last one. */
  offsetLag(): string
  /** The number of messages that follow the first one. */
  offsetLagLow(): string
}

/** An offset to read from. @public */
export type SeekEntry = PartitionOffset
