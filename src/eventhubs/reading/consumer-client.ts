import { type CheckpointStore, EventHubConsumerClient } from '@azure/event-hubs'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import type { Logger } from '../../types/index.js'
import type { OpenStream } from '../connection/amqp-socket.js'
import { closeWithin } from '../connection/close-within.js'
import { retryOptions } from '../connection/sdk-options.js'
import { Wire } from '../connection/watched-connection.js'

/** What a client that reads one event hub through one consumer group is opened with. */
export interface ConsumerClientOptions {
  readonly fullyQualifiedNamespace: string
  readonly eventHubName: string
  readonly consumerGroup: string
  readonly credential: ConnectionCredential['credential']
  readonly openStream: OpenStream
  readonly connectTimeout: number
  readonly requestTimeout: number
  readonly identifier: string
  readonly logger: Logger
  /** Owner level 0 needs a client of its own, see `inertStore`. */
  readonly hasOwnerLevelZero: boolean
}

/** What a reader of a client is told: that its link, or the connection, has ended. */
export interface LinkObserver {
  readonly partitionId: string
  onLinkEnd(error: Error): void
}

/**
 * A store that knows nothing. The SDK reads owner level 0 as "none", unless it was given a store; then it asks the store
 * for checkpoints before it takes the start position.
 */
const inertStore: CheckpointStore = {
  listOwnership: async () => [],
  claimOwnership: async () => [],
  updateCheckpoint: async () => {},
  listCheckpoints: async () => [],
}

/** A consumer client of the SDK with its connection, shared by the readers of a consumer group. It serves for one connection. */
export class ConsumerClient {
  readonly sdk: EventHubConsumerClient
  readonly #wire: Wire
  readonly #options: ConsumerClientOptions
  /** With the name of the link, once it is open. */
  readonly #observers = new Map<LinkObserver, string | undefined>()

  constructor(options: ConsumerClientOptions) {
    this.#options = options
    this.#wire = new Wire(options, {
      onLost: (error) => this.#tell(() => true, error),
      onLinkOpen: (linkName) => this.#onLinkOpen(linkName),
      onLinkEnd: (linkName, error) => this.#tell((name) => name === linkName, error),
    })
    const { fullyQualifiedNamespace, consumerGroup, eventHubName, credential, identifier } = options
    const clientOptions = {
      identifier,
      retryOptions: retryOptions(options.requestTimeout),
      webSocketOptions: this.#wire.webSocketOptions,
    }
    this.sdk = options.hasOwnerLevelZero
      ? new EventHubConsumerClient(
          consumerGroup,
          fullyQualifiedNamespace,
          eventHubName,
          credential,
          inertStore,
          clientOptions,
        )
      : new EventHubConsumerClient(consumerGroup, fullyQualifiedNamespace, eventHubName, credential, clientOptions)
  }

  get ended(): Error | undefined {
    return this.#wire.ended
  }

  /** Has an observer told of the end of the link that is opened next to its partition. */
  add(observer: LinkObserver): void {
    this.#observers.set(observer, undefined)
  }

  remove(observer: LinkObserver): void {
    this.#observers.delete(observer)
  }

  async close(): Promise<void> {
    await closeWithin(() => this.sdk.close(), this.#options.logger, this.#wire.ended !== undefined)
    this.#wire.destroy()
  }

  /** The SDK names links by their address and something random. */
  #onLinkOpen(linkName: string): void {
    const { eventHubName, consumerGroup } = this.#options
    for (const [observer, known] of this.#observers) {
      const address = `${eventHubName}/ConsumerGroups/${consumerGroup}/Partitions/${observer.partitionId}`
      if (known === undefined && linkName.startsWith(`${address}-`)) this.#observers.set(observer, linkName)
    }
  }

  #tell(isMeant: (linkName: string | undefined) => boolean, error: Error): void {
    for (const [observer, linkName] of [...this.#observers]) if (isMeant(linkName)) observer.onLinkEnd(error)
  }
}
