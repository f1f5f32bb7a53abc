import { type ConnectionContextBase, ErrorNameConditionMapper, translate } from '@azure/core-amqp'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import type { Logger } from '../../types/index.js'
import { createSerial } from '../../util/serial.js'
import { claimFor, openContext } from '../connection/amqp-context.js'
import type { Wire } from '../connection/watched-connection.js'
import type { Transfer } from './transfer.js'

export interface SendingClientOptions {
  readonly fullyQualifiedNamespace: string
  readonly eventHubName: string
  readonly credential: ConnectionCredential['credential']
  readonly requestTimeout: number
  readonly identifier: string
  readonly logger: Logger
}

type Sender = Awaited<ReturnType<ConnectionContextBase['connection']['createAwaitableSender']>>

/** Marks a message whose data sections are messages. Source: `EventHubSender` of `@azure/event-hubs`. */
const batchFormat = 0x80013700
/** What the SDK asks of its links. */
const desiredCapabilities = ['com.microsoft:georeplication']

/** The name of the link to a partition, which is its address too. */
export const linkNameOf = (eventHubName: string, partitionId: string) => `${eventHubName}/Partitions/${partitionId}`

/**
 * Links to the partitions of one event hub, over one connection. It sends what is encoded already, which the SDK's
 * clients take from nobody but themselves; all else is as they do it, on the same library. It serves for one connection,
 * and a link of it for as long as the connection: whoever holds it opens another after a failure.
 */
export class SendingClient {
  readonly #options: SendingClientOptions
  readonly #context: ConnectionContextBase
  readonly #links = new Map<string, Promise<Sender>>()
  /** By the address of the link. */
  readonly #renewals = new Map<string, NodeJS.Timeout>()
  /** The service's answers about tokens come one at a time. */
  readonly #inTurn = createSerial()
  /** Aborted when it is closed. */
  readonly #farewell = new AbortController()

  constructor(options: SendingClientOptions, wire: Pick<Wire, 'webSocketOptions'>) {
    this.#options = options
    this.#context = openContext(options.fullyQualifiedNamespace, wire)
  }

  /** Bytes of the largest transfer to a partition; a link may have no limit. */
  async limit(partitionId: string): Promise<number> {
    return (await this.#link(partitionId)).maxMessageSize || Number.POSITIVE_INFINITY
  }

  /** Resolves when the service has stored the events. */
  async send({ partitionId, bytes }: Transfer, abortSignal: AbortSignal): Promise<void> {
    const sender = await this.#link(partitionId)
    if (!sender.sendable()) {
      const description = `The event hub lets nothing through to partition ${partitionId} for now`
      throw translate({ condition: ErrorNameConditionMapper.SenderBusyError, description })
    }
    const timeoutInSeconds = this.#options.requestTimeout / 1000
    try {
      await sender.send(bytes, { format: batchFormat, timeoutInSeconds, abortSignal })
    } catch (error) {
      const { innerError } = error as { innerError?: Error }
      throw translate(innerError ?? (error as Error))
    }
  }

  async close(): Promise<void> {
    this.#farewell.abort()
    for (const renewal of this.#renewals.values()) clearTimeout(renewal)
    const { connection, cbsSession } = this.#context
    if (!connection.isOpen()) return
    await cbsSession.close()
    // Its links end with it.
    await connection.close()
  }

  #link(partitionId: string): Promise<Sender> {
    const known = this.#links.get(partitionId)
    if (known) return known
    const opening = this.#open(linkNameOf(this.#options.eventHubName, partitionId))
    this.#links.set(partitionId, opening)
    opening.catch(() => this.#links.delete(partitionId))
    return opening
  }

  async #open(address: string): Promise<Sender> {
    await this.#authorize(address)
    try {
      return await this.#context.connection.createAwaitableSender({
        name: address,
        source: this.#options.identifier,
        target: { address },
        desired_capabilities: desiredCapabilities,
      })
    } catch (error) {
      clearTimeout(this.#renewals.get(address))
      this.#renewals.delete(address)
      throw translate(error as Error)
    }
  }

  /** Puts a token for a link, and the next ones before it ends. */
  async #authorize(address: string): Promise<void> {
    const { fullyQualifiedNamespace, credential, requestTimeout } = this.#options
    const audience = `sb://${fullyQualifiedNamespace}/${address}`
    const { token, type, renewAfter } = await claimFor(audience, credential)
    const { cbsSession } = this.#context
    await this.#inTurn(async () => {
      const options = { timeoutInMs: requestTimeout, abortSignal: this.#farewell.signal }
      await cbsSession.init(options)
      await cbsSession.negotiateClaim(audience, token, type, options)
    })
    this.#renewLater(address, renewAfter)
  }

  /** The link lasts as long as its last token: if no next one is had the service ends it, and says why. */
  #renewLater(address: string, delay: number): void {
    if (this.#farewell.signal.aborted) return
    const renewal = setTimeout(() => {
      this.#authorize(address).catch((error: Error) => {
        this.#options.logger.debug(`The token of a link was not renewed: ${error.message}`, { link: address })
        this.#renewLater(address, delay)
      })
    }, delay).unref()
    this.#renewals.set(address, renewal)
  }
}
