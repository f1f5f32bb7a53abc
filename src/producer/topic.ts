import type { TopicPartitions } from '../client/topics.js'
import type { ProducerSettings } from '../config/settings.js'
import { protocolTypeOf } from '../errors/index.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import { isRetriable } from '../retry/retry.js'
import type { ProducerPartitionDiagnostics } from '../types/diagnostics.js'
import type { Logger, PartitionMetadata } from '../types/index.js'
import { PartitionSender } from './partition-sender.js'

/** The context that all topics of one connection share. */
export interface TopicContext {
  readonly transport: EventHubsTransport
  readonly requests: Requests
  readonly settings: ProducerSettings
  readonly logger: Logger
  /** Aborted when nothing is tried any more. */
  readonly signal: AbortSignal
}

/** A topic as a producer knows it: its partitions, and a sender for each that was sent to. */
export class Topic {
  /** As it was spelled first. */
  readonly name: string
  readonly #context: TopicContext
  readonly #senders = new Map<number, PartitionSender>()
  readonly #known: TopicPartitions
  #limit: number | undefined

  constructor(name: string, known: TopicPartitions, context: TopicContext) {
    this.name = name
    this.#known = known
    this.#context = context
  }

  /** True when the partitions are known well enough for something posted then: looked at since, or not too old now. */
  isKnown(postedAt: number): boolean {
    return this.#known.isKnown(postedAt)
  }

  /** Numbered from 0, in order; a new array after each look, and only then. */
  get partitions(): PartitionMetadata[] {
    return this.#known.metadata
  }

  /** Bytes of the largest transfer; unknown before the first link. */
  get limit(): number | undefined {
    return this.#limit
  }

  has(partition: number): boolean {
    const { metadata } = this.#known
    return metadata[partition]?.partitionId === partition || metadata.some((p) => p.partitionId === partition)
  }

  /** Looks at the partitions, retrying. With `allowAutoTopicCreation` and management, creates what does not exist. */
  load(): Promise<void> {
    return this.#known.load()
  }

  /** Learns the limit from a link to this partition. */
  readonly learnLimit: (partition: number) => Promise<void> = async (partition) => {
    this.#limit = await this.sender(partition).limit()
  }

  sender(partition: number): PartitionSender {
    const known = this.#senders.get(partition)
    if (known) return known
    const { transport, requests, settings, logger, signal } = this.#context
    const { idempotent, maxInFlightRequests, retry } = settings
    const sender = new PartitionSender({
      topic: this.name,
      partition,
      broker: transport.address.broker,
      sender: transport.openSender(this.name, String(partition), { idempotent }),
      requests,
      retry,
      maxInFlight: idempotent ? 1 : (maxInFlightRequests ?? 1),
      logger,
      signal,
      onLimit: (limit) => {
        this.#limit = limit
      },
      onFailure: (error) => this.#onFailure(error),
    })
    this.#senders.set(partition, sender)
    return sender
  }

  diagnostics(): ProducerPartitionDiagnostics[] {
    return [...this.#senders.values()].map((sender) => sender.diagnostics())
  }

  async close(): Promise<void> {
    await Promise.all([...this.#senders.values()].map((sender) => sender.close()))
  }

  #onFailure(error: Error): void {
    const type = protocolTypeOf(error)
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || (isRetriable(error) && type !== 'REQUEST_TIMED_OUT')) {
      this.#known.forget()
    }
  }
}
