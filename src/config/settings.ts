import type { RetrySettings } from '../retry/retry.js'
import type {
  EventHubsOptions,
  ICustomPartitioner,
  KafkaConfig,
  PartitionAssigner,
  RetryOptions,
  SASLOptions,
} from '../types/index.js'

type Defaulted = 'transport' | 'consumerGroup' | 'transactions' | 'compression' | 'undecodable'

/** `eventHubs` with its defaults. */
export type EventHubsSettings = Readonly<
  Required<Pick<EventHubsOptions, Defaulted>> & Omit<EventHubsOptions, Defaulted>
>

/** The options given to `new Kafka()` that have an effect, with its defaults; frozen. */
export interface KafkaSettings {
  readonly clientId: string
  readonly brokers: KafkaConfig['brokers'] | undefined
  readonly ssl: KafkaConfig['ssl'] | undefined
  readonly sasl: SASLOptions | undefined
  readonly connectionTimeout: number
  readonly reauthenticationThreshold: number
  readonly requestTimeout: number
  readonly enforceRequestTimeout: boolean
  /** The retries as given: each client lays its own over it. */
  readonly retry: RetryOptions | undefined
  readonly eventHubs: EventHubsSettings
}

/** The options given to `kafka.producer()`, with its defaults; frozen. */
export interface ProducerSettings {
  /** Undefined: the default partitioner. */
  readonly createPartitioner: ICustomPartitioner | undefined
  readonly retry: RetrySettings
  readonly metadataMaxAge: number
  readonly allowAutoTopicCreation: boolean
  readonly idempotent: boolean
  readonly transactionalId: string | undefined
  readonly transactionTimeout: number
  /** Null: one per partition. */
  readonly maxInFlightRequests: number | null
}

/** The options given to `kafka.consumer()` that have an effect, with its defaults; frozen. */
export interface ConsumerSettings {
  readonly groupId: string
  /** Undefined: round robin. */
  readonly partitionAssigners: readonly PartitionAssigner[] | undefined
  readonly metadataMaxAge: number
  readonly sessionTimeout: number
  readonly rebalanceTimeout: number
  readonly heartbeatInterval: number
  readonly maxBytesPerPartition: number
  readonly maxBytes: number
  readonly maxWaitTimeInMs: number
  readonly retry: RetrySettings
  readonly restartOnFailure: ((error: Error) => Promise<boolean>) | undefined
  readonly allowAutoTopicCreation: boolean
}

/** The options given to `kafka.admin()`, with its defaults; frozen. */
export interface AdminSettings {
  readonly retry: RetrySettings
}
