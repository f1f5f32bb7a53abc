import { EventHubBufferedProducerClient } from '@azure/event-hubs'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import type { OutgoingEvent } from '../../translate/event.js'
import type { Logger } from '../../types/index.js'
import type { OpenStream } from '../connection/amqp-socket.js'
import { closeWithin } from '../connection/close-within.js'
import { retryOptions } from '../connection/sdk-options.js'
import { Wire } from '../connection/watched-connection.js'

export interface PublishingLinkOptions {
  readonly fullyQualifiedNamespace: string
  readonly eventHubName: string
  readonly partitionId: string
  readonly credential: ConnectionCredential['credential']
  readonly openStream: OpenStream
  readonly connectTimeout: number
  readonly requestTimeout: number
  readonly identifier: string
  readonly logger: Logger
  onStored(events: readonly OutgoingEvent[]): void
  /** The outcome for these events is not known; without events: the link does not open, what was handed in waits on. */
  onFailed(events: readonly OutgoingEvent[], error: Error): void
  /**
   * The link is open; the sequence number is that of the last event the service has from this producer. Nothing is sent
   * over it when the answer is false.
   */
  onOpen(sequenceNumber: number | undefined): boolean
}

/** The SDK gathers events this long, ms, before it sends what does not fill a transfer. */
const gatheringTime = 5

/** How long one attempt may take, ms: then the SDK has lost the acknowledgement, and what it sends again is known. */
const attemptTimeout = 5000

/** More than any transfer holds: the SDK is not to cut what it is handed. */
const mostEvents = 1_000_000

/**
 * One producer identity on one partition: the SDK's buffered producer, the only public way to idempotent publishing. It
 * reconnects by itself and keeps its identity and sequence numbers, as long as it is open.
 */
export class PublishingLink {
  readonly #sdk: EventHubBufferedProducerClient
  readonly #wire: Wire
  readonly #options: PublishingLinkOptions
  #isKnowingPartitions = false

  constructor(options: PublishingLinkOptions) {
    this.#options = options
    const { eventHubName, partitionId, fullyQualifiedNamespace, credential, identifier } = options
    const linkName = `${eventHubName}/Partitions/${partitionId}`
    this.#wire = new Wire(
      { ...options, reconnects: true },
      {
        onLinkOpen: (name, sequenceNumber) => {
          if (name === linkName && !options.onOpen(sequenceNumber)) this.#wire.destroy()
        },
      },
    )
    this.#sdk = new EventHubBufferedProducerClient(fullyQualifiedNamespace, eventHubName, credential, {
      enableIdempotentRetries: true,
      maxWaitTimeInMs: gatheringTime,
      maxEventBufferLengthPerPartition: mostEvents,
      retryOptions: retryOptions(Math.min(options.requestTimeout, attemptTimeout)),
      webSocketOptions: this.#wire.webSocketOptions,
      identifier,
      onSendEventsSuccessHandler: async ({ events }) => options.onStored(events as OutgoingEvent[]),
      onSendEventsErrorHandler: async ({ events, error }) => options.onFailed(events as OutgoingEvent[], named(error)),
    })
  }

  /** Hands events to the SDK, which sends them in one transfer if they fit. Rejects when none was taken. */
  async enqueue(events: readonly OutgoingEvent[]): Promise<void> {
    const { partitionId } = this.#options
    const [first, ...rest] = events
    if (!first) return
    // With the first event of all the SDK asks for the partitions; the rest must be in its queue before it has a link.
    if (!this.#isKnowingPartitions) await this.#sdk.enqueueEvent(first, { partitionId })
    const others = this.#isKnowingPartitions ? events : rest
    this.#isKnowingPartitions = true
    await Promise.all(others.map((event) => this.#sdk.enqueueEvent(event, { partitionId })))
  }

  /** Drops what has not been sent. */
  async close(): Promise<void> {
    await closeWithin(() => this.#sdk.close({ flush: false }), this.#options.logger)
    this.#wire.destroy()
  }
}

/** The SDK has no name of its own for an event that does not fit into an empty batch. */
function named(error: Error): Error {
  if (!error.message.includes('max message size')) return error
  const message = 'The event is larger than the event hub takes in one transfer'
  return Object.assign(new Error(message, { cause: error }), { code: 'MessageTooLargeError' })
}
