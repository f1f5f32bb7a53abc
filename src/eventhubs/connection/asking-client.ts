import { EventHubProducerClient } from '@azure/event-hubs'
import type { CredentialSource } from '../../auth/credential-source.js'
import type { EventHubProperties, OperationOptions, PartitionProperties } from '../transport.js'
import type { AuthorizedConnectionOptions } from './authorized-connection.js'
import { HubClient } from './retirable-client.js'
import { HubClients, type HubClientsOptions } from './retirable-clients.js'
import { retryOptions } from './sdk-options.js'

export interface AskingClientOptions extends AuthorizedConnectionOptions, HubClientsOptions {
  readonly identifier: string
  readonly credentials: CredentialSource
}

/**
 * All questions of one client about event hubs and partitions, through clients of the SDK. A credential that the service
 * refuses is replaced, where there may be another, before a question is given up.
 */
export class AskingClient {
  readonly #options: AskingClientOptions
  readonly #hubClients: HubClients

  constructor(options: AskingClientOptions) {
    this.#options = options
    this.#hubClients = new HubClients((...target) => this.#open(...target), options)
  }

  getEventHubProperties(eventHubName: string, options?: OperationOptions): Promise<EventHubProperties> {
    return this.#ask(eventHubName, (sdk, abortSignal) => sdk.getEventHubProperties({ abortSignal }), options)
  }

  getPartitionProperties(
    eventHubName: string,
    partitionId: string,
    options?: OperationOptions,
  ): Promise<PartitionProperties> {
    return this.#ask(
      eventHubName,
      (sdk, abortSignal) => sdk.getPartitionProperties(partitionId, { abortSignal }),
      options,
    )
  }

  /** There is a new credential: the next questions go over new connections. */
  renew(): void {
    this.#hubClients.retireAll()
  }

  /** Ends what is in progress, and closes. */
  close(): Promise<void> {
    return this.#hubClients.close()
  }

  #ask<T>(
    eventHubName: string,
    operation: (sdk: EventHubProducerClient, abortSignal: AbortSignal) => Promise<T>,
    { abortSignal }: OperationOptions = {},
  ): Promise<T> {
    const { credentials, requestTimeout } = this.#options
    return credentials.attempt((goesWith) =>
      this.#hubClients.use(eventHubName, (client) => {
        goesWith(client.given)
        return client.call(operation, { timeout: requestTimeout, abortSignal })
      }),
    )
  }

  async #open(eventHubName: string, onRetired: (client: HubClient) => void): Promise<HubClient> {
    const { credentials, fullyQualifiedNamespace, requestTimeout, identifier } = this.#options
    const given = await credentials.currentFor(eventHubName)
    return new HubClient({ ...this.#options, given, onRetired }, ({ webSocketOptions }) => {
      const clientOptions = { retryOptions: retryOptions(requestTimeout), webSocketOptions, identifier }
      return new EventHubProducerClient(fullyQualifiedNamespace, eventHubName, given.credential, clientOptions)
    })
  }
}
