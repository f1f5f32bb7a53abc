import type { RetryOptions } from './config.js'
import type {
  ConnectEvent,
  DisconnectEvent,
  InstrumentationEvent,
  RemoveInstrumentationEventListener,
  RequestEvent,
  RequestQueueSizeEvent,
  RequestTimeoutEvent,
  ValueOf,
} from './events.js'
import type { Logger } from './logging.js'
import type { Message, ProducerBatch, ProducerRecord, RecordMetadata } from './message.js'
import type { Offsets } from './offsets.js'

/** A partition as partitioners and assigners see it. @public */
export type PartitionMetadata = {
  partitionErrorCode: number
  partitionId: number
  /** The broker that leads it; the namespace is one broker. */
  leader: number
  replicas: number[]
  isr: number[]
  offlineReplicas?: number[]
}

/** The arguments of a partitioner. @public */
export interface PartitionerArgs {
  /** The topic. */
  topic: string
  /** Its partitions, in no fixed order. */
  partitionMetadata: PartitionMetadata[]
  /** The message to choose for. */
  message: Message
}

/** Makes a partitioner; called once per producer. The partitioner returns a partition number. @public */
export type ICustomPartitioner = () => (args: PartitionerArgs) => number

/** The type of `Partitioners.DefaultPartitioner`. @public */
export type DefaultPartitioner = ICustomPartitioner

/** The type of `Partitioners.LegacyPartitioner`. @public */
export type LegacyPartitioner = ICustomPartitioner

/** The options of `kafka.producer()`. @public */
export interface ProducerConfig {
  /** Chooses partitions. Default `Partitioners.DefaultPartitioner`. */
  createPartitioner?: ICustomPartitioner
  /** The retries of failures; laid over `Kafka`'s. */
  retry?: RetryOptions
  /** The time for which a topic's partitions are taken for known, ms. Default 300 000. */
  metadataMaxAge?: number
  /** True to create a topic that does not exist, where management can. Default true. */
  allowAutoTopicCreation?: boolean
  /** True to let a retry after a lost acknowledgement leave one copy. Default false. */
  idempotent?: boolean
  /** Needed for `transaction()`; see `eventHubs.transactions`. */
  transactionalId?: string
  /** Longest time a transaction may be open, ms. Default 60 000. */
  transactionTimeout?: number
  /** Accepted: a partition has one transfer in flight, which keeps its order under retries. */
  maxInFlightRequests?: number
}

/** The sender of an operation. @public */
export type Sender = {
  /** Resolves when every message is stored, with one entry per topic-partition. */
  send(record: ProducerRecord): Promise<RecordMetadata[]>
  /** The same for several topics. */
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]>
}

/** A producer's events, by constant. @public */
export type ProducerEvents = {
  CONNECT: 'producer.connect'
  DISCONNECT: 'producer.disconnect'
  REQUEST: 'producer.network.request'
  REQUEST_TIMEOUT: 'producer.network.request_timeout'
  REQUEST_QUEUE_SIZE: 'producer.network.request_queue_size'
}

/** Sends held together; see `eventHubs.transactions` for what that means here. @public */
export type Transaction = Sender & {
  sendOffsets(offsets: Offsets & { consumerGroupId: string }): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
  isActive(): boolean
}

/** Sends messages. @public */
export type Producer = Sender & {
  connect(): Promise<void>
  disconnect(): Promise<void>
  isIdempotent(): boolean
  readonly events: ProducerEvents
  on(
    eventName: ProducerEvents['CONNECT'],
    listener: (event: ConnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['DISCONNECT'],
    listener: (event: DisconnectEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST'],
    listener: (event: RequestEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST_QUEUE_SIZE'],
    listener: (event: RequestQueueSizeEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ProducerEvents['REQUEST_TIMEOUT'],
    listener: (event: RequestTimeoutEvent) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  on(
    eventName: ValueOf<ProducerEvents>,
    // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract: the payload depends on the name
    listener: (event: InstrumentationEvent<any>) => void,
  ): RemoveInstrumentationEventListener<typeof eventName>
  transaction(): Promise<Transaction>
  logger(): Logger
}
