import { KafkaJSConnectionClosedError } from '../../errors/index.js'
import {
  AuthorizedConnection,
  type AuthorizedConnectionOptions,
  mostLinks,
} from '../connection/authorized-connection.js'
import { IdempotentSender, idempotentCapability } from './idempotent-sender.js'
import { PartitionLink, type PartitionLinkOptions } from './partition-link.js'
import { type EventSender, Sender } from './sender.js'
import { SpareBuffers } from './spare-buffers.js'

export interface SendingClientOptions extends AuthorizedConnectionOptions {
  readonly identifier: string
  /** Ms after which a link is closed over which nothing was sent, and with the last link the connection. */
  readonly idleTime: number
}

export interface OpenSenderOptions {
  readonly eventHubName: string
  readonly partitionId: string
  /** A transfer that is sent again is stored once. */
  readonly idempotent: boolean
  toError(error: unknown): Error
}

/** The capabilities the SDK asks of its links. */
const capabilities = ['com.microsoft:georeplication']

/**
 * All sending of one client, over one connection. When that is lost the next use of a link opens another, for all of
 * them; a link that ends takes nothing with it.
 */
export class SendingClient {
  readonly #options: SendingClientOptions
  readonly #links = new Set<PartitionLink>()
  /** Those that are not closed yet. */
  readonly #connections = new Set<AuthorizedConnection>()
  readonly #buffers = new SpareBuffers()
  #sweep: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: SendingClientOptions) {
    this.#options = options
  }

  openSender({ idempotent, toError, ...target }: OpenSenderOptions): EventSender {
    const senderOptions = { buffers: this.#buffers, toError }
    if (!idempotent) return new Sender(this.#openLink(target), senderOptions)
    return new IdempotentSender(
      (properties) => this.#openLink({ ...target, properties, capabilities: [...capabilities, idempotentCapability] }),
      senderOptions,
    )
  }

  /** There is a new credential: links that are open go on with it. */
  renew(): void {
    for (const connection of this.#connections) connection.renew()
  }

  /** Ends what is in progress, and closes. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#sweep)
    await Promise.all([...this.#connections].map((connection) => connection.close()))
  }

  #openLink(options: Pick<PartitionLinkOptions, 'eventHubName' | 'partitionId'> & Partial<PartitionLinkOptions>) {
    const link = new PartitionLink({
      capabilities,
      identifier: this.#options.identifier,
      requestTimeout: this.#options.requestTimeout,
      connection: () => this.#connection(),
      onClosed: () => this.#links.delete(link),
      ...options,
    })
    this.#links.add(link)
    return link
  }

  #connection(): AuthorizedConnection {
    if (this.#isClosed) throw new KafkaJSConnectionClosedError('Closed connection: the client is disconnected')
    for (const open of this.#connections) if (!open.isRetired && open.linkCount < mostLinks) return open
    const opened = new AuthorizedConnection(this.#options)
    this.#connections.add(opened)
    const onEnd = () => void opened.close().then(() => this.#connections.delete(opened))
    opened.signal.addEventListener('abort', onEnd, { once: true })
    this.#sweepLater()
    return opened
  }

  #sweepLater(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined
      const since = performance.now() - this.#options.idleTime
      for (const link of this.#links) link.closeIfIdle(since)
      for (const connection of this.#connections) if (connection.linkCount === 0) connection.retire()
      if (this.#connections.size > 0 && !this.#isClosed) this.#sweepLater()
    }, this.#options.idleTime / 2).unref()
  }
}
