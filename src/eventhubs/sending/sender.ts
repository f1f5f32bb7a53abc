import type { PartitionLink } from './partition-link.js'
import { Refusal } from './sending-link.js'
import type { SpareBuffers } from './spare-buffers.js'
import { Transfer } from './transfer.js'

export interface SenderCallOptions {
  readonly abortSignal?: AbortSignal | undefined
}

/** Sends to one partition. */
export interface EventSender {
  /** An empty transfer of the size that the link takes; opens the link if need be. */
  newTransfer(options?: SenderCallOptions): Promise<Transfer>
  /** Resolves when the service has stored the events. The same transfer may be sent again after a failure. */
  send(transfer: Transfer, options?: SenderCallOptions): Promise<void>
  close(): Promise<void>
}

export interface SenderOptions {
  readonly buffers: SpareBuffers
  toError(error: unknown): Error
}

/** At least once: a transfer whose acknowledgement was lost is stored again when it is sent again. */
export class Sender implements EventSender {
  readonly #link: PartitionLink
  readonly #options: SenderOptions

  constructor(link: PartitionLink, options: SenderOptions) {
    this.#link = link
    this.#options = options
  }

  async newTransfer({ abortSignal }: SenderCallOptions = {}): Promise<Transfer> {
    try {
      const { maxMessageSize } = await this.#link.open(abortSignal)
      return new Transfer(maxMessageSize, { buffers: this.#options.buffers })
    } catch (error) {
      throw this.#options.toError(error)
    }
  }

  async send(transfer: Transfer, { abortSignal }: SenderCallOptions = {}): Promise<void> {
    try {
      const link = await this.#link.open(abortSignal)
      await link.send(transfer.sent(), abortSignal)
      transfer.stored()
    } catch (error) {
      throw this.#options.toError(reasonOf(error))
    }
  }

  async close(): Promise<void> {
    this.#link.close()
  }
}

/** The error behind a refusal; any other error is its own reason. */
export const reasonOf = (error: unknown): unknown => (error instanceof Refusal ? error.cause : error)
