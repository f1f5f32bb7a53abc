import type { AuthorizedConnection } from '../connection/authorized-connection.js'
import { SendingLink, type SendingLinkOptions } from './sending-link.js'

export interface PartitionLinkOptions extends Omit<SendingLinkOptions, 'properties'> {
  /** The connection for a new link. Throws when there is to be none. */
  connection(): AuthorizedConnection
  /** The properties of a new link. */
  readonly properties?: (() => SendingLinkOptions['properties']) | undefined
  onClosed(): void
}

/** The link to one partition: opened when it is needed, and again after it has ended. */
export class PartitionLink {
  readonly #options: PartitionLinkOptions
  #link: SendingLink | undefined
  #opening: Promise<SendingLink> | undefined
  /** The time on the clock of `performance.now()`. */
  #lastUsed = 0

  constructor(options: PartitionLinkOptions) {
    this.#options = options
  }

  /** A link that is open. A signal that aborts ends the waiting, not the opening. */
  async open(signal?: AbortSignal): Promise<SendingLink> {
    this.#lastUsed = performance.now()
    const link = this.#link
    if (link?.isOpen) return link
    signal?.throwIfAborted()
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return signal ? unlessAborted(this.#opening, signal) : this.#opening
  }

  /** Closes it if it was not used since then. */
  closeIfIdle(since: number): void {
    if (this.#opening || this.#link?.isBusy || this.#lastUsed > since) return
    this.drop()
  }

  /** The next use opens another. What is in progress goes on. */
  drop(): void {
    this.#link?.retire()
    this.#link = undefined
  }

  /** Ends it for good. */
  close(): void {
    this.drop()
    this.#options.onClosed()
  }

  async #open(): Promise<SendingLink> {
    this.drop()
    const { connection, properties } = this.#options
    const link = await SendingLink.open(connection(), { ...this.#options, properties: properties?.() })
    this.#link = link
    return link
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
