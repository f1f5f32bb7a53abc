import type { ProducerSettings } from '../config/settings.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { encodedSize, envelopeSize } from '../eventhubs/sending/encoding.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import type { Management } from '../management/management.js'
import { isRetriable, retry } from '../retry/retry.js'
import type { OutgoingEvent } from '../translate/event.js'
import { invalidTopicError, isEventHubName, toPartition } from '../translate/names.js'
import type { Logger, PartitionMetadata } from '../types/index.js'
import { share } from '../util/share.js'
import { createCarrier, createIdempotentCarrier } from './carrier.js'
import { PartitionSender } from './partition-sender.js'

/** What all topics of one connection share. */
export interface TopicContext {
  readonly transport: EventHubsTransport
  readonly requests: Requests
  readonly settings: ProducerSettings
  readonly logger: Logger
  management(): Promise<Management | undefined>
}

/** A topic as a producer knows it: its partitions, for `metadataMaxAge`, and a sender for each that was sent to. */
export class Topic {
  readonly name: string
  readonly #context: TopicContext
  readonly #senders = new Map<number, PartitionSender>()
  #partitions: PartitionMetadata[] = []
  /** When the partitions were looked at, on the clock of `performance.now()`. */
  #knownSince = Number.NEGATIVE_INFINITY
  #limit: number | undefined

  constructor(name: string, context: TopicContext) {
    this.name = name
    this.#context = context
  }

  /** Whether the partitions are known well enough for something posted then: looked at since, or not too old now. */
  isKnown(postedAt: number): boolean {
    return this.#knownSince >= postedAt || performance.now() - this.#knownSince < this.#context.settings.metadataMaxAge
  }

  /** Numbered from 0, in order; a new array after each look, and only then. */
  get partitions(): PartitionMetadata[] {
    return this.#partitions
  }

  /** Bytes of the largest transfer; unknown before the first link. */
  get limit(): number | undefined {
    return this.#limit
  }

  /** Whether a transfer holds this event, alone if need be. Only where the limit is known. */
  fits(event: OutgoingEvent): boolean {
    const size = envelopeSize(event) + encodedSize(event, this.#context.settings.idempotent)
    return this.#limit === undefined || size <= this.#limit
  }

  has(partition: number): boolean {
    return (
      this.#partitions[partition]?.partitionId === partition ||
      this.#partitions.some((p) => p.partitionId === partition)
    )
  }

  /** The next use looks at the partitions again. */
  invalidate(): void {
    this.#knownSince = Number.NEGATIVE_INFINITY
  }

  /** Looks at the partitions, retrying. With `allowAutoTopicCreation` and management, creates what does not exist. */
  readonly load: () => Promise<void> = share(() => this.#load())

  /** Learns the limit from a link to this partition. */
  readonly learnLimit: (partition: number) => Promise<void> = async (partition) => {
    this.#limit = await this.sender(partition).limit()
  }

  sender(partition: number): PartitionSender {
    const known = this.#senders.get(partition)
    if (known) return known
    const { transport, requests, settings, logger } = this.#context
    const { idempotent, maxInFlightRequests, retry } = settings
    const carrierOptions = { transport, topic: this.name, partitionId: String(partition) }
    const sender = new PartitionSender({
      topic: this.name,
      partition,
      broker: transport.address.broker,
      carrier: idempotent ? createIdempotentCarrier(carrierOptions) : createCarrier(carrierOptions),
      requests,
      retry,
      maxInFlight: idempotent ? 1 : (maxInFlightRequests ?? 1),
      logger,
      onFailure: (error) => this.#onFailure(error),
    })
    this.#senders.set(partition, sender)
    return sender
  }

  async close(): Promise<void> {
    await Promise.all([...this.#senders.values()].map((sender) => sender.close()))
  }

  #onFailure(error: Error): void {
    const { type } = error as { type?: string }
    if (isUnknownTopic(error) || (isRetriable(error) && type !== 'REQUEST_TIMED_OUT')) this.invalidate()
  }

  async #load(): Promise<void> {
    const { settings, logger } = this.#context
    if (!isEventHubName(this.name)) throw invalidTopicError(this.name)
    const partitionIds = await retry(() => this.#fetch(), settings.retry, {
      onRetry: ({ message }, { retryCount, retryTime }) =>
        logger.error(`Failed to look up topic ${this.name}: ${message}`, { retryCount, retryTime }),
    })
    this.#partitions = partitionIds
      .map(toPartition)
      .sort((a, b) => a - b)
      .map((partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 0,
        replicas: [0],
        isr: [0],
        offlineReplicas: [],
      }))
    this.#knownSince = performance.now()
  }

  async #fetch(): Promise<readonly string[]> {
    try {
      return await this.#fetchPartitionIds()
    } catch (error) {
      if (!isUnknownTopic(error)) throw error
      if (!this.#context.settings.allowAutoTopicCreation) {
        throw this.#unknownTopic(error, 'allowAutoTopicCreation is false')
      }
      const management = await this.#context.management()
      if (!management)
        throw this.#unknownTopic(
          error,
          'allowAutoTopicCreation needs eventHubs.management and a credential that may manage',
        )
      await this.#create(management)
      return await this.#fetchPartitionIds()
    }
  }

  async #fetchPartitionIds(): Promise<readonly string[]> {
    const { transport, requests } = this.#context
    const properties = await requests.run('Metadata', transport.address.broker, (abortSignal) =>
      transport.getEventHubProperties(this.name, { abortSignal }),
    )
    return properties.partitionIds
  }

  async #create(management: Management): Promise<void> {
    try {
      const { partitionCount } = await management.createEventHub(this.name, {})
      this.#context.logger.info(`Created topic ${this.name}`, { partitionCount })
    } catch (error) {
      const { type, message } = error as { type?: string; message: string }
      // Another producer was first.
      if (type === 'TOPIC_ALREADY_EXISTS') return
      throw this.#unknownTopic(error, `allowAutoTopicCreation could not create it: ${message}`)
    }
  }

  #unknownTopic(cause: unknown, automatic: string): Error {
    const { fullyQualifiedNamespace } = this.#context.transport.address
    const message =
      `This server does not host this topic-partition: there is no event hub "${this.name}" in ${fullyQualifiedNamespace}. ` +
      `Create it with admin.createTopics(), the Azure portal or "az eventhubs eventhub create"; ${automatic}`
    return createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { message, cause })
  }
}

function isUnknownTopic(error: unknown): boolean {
  return (error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION'
}
