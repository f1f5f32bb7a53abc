import { randomUUID } from 'node:crypto'
import { translate } from '@azure/core-amqp'
import { createDeferred } from '../../util/deferred.js'
import { soon } from '../../util/timers.js'
import { toEndOfOpenLink } from '../connection/amqp-error.js'
import { amqpTypes } from '../connection/amqp-types.js'
import {
  type Authorization,
  AuthorizedConnection,
  type AuthorizedConnectionOptions,
} from '../connection/authorized-connection.js'
import { closeWithin } from '../connection/close-within.js'
import { FrameRouter } from './frame-router.js'
import { ReceivingLink } from './receiving-link.js'

export interface ReadingConnectionOptions extends Omit<AuthorizedConnectionOptions, 'events'> {
  /** The name the service has for the reader in its messages. */
  readonly identifier: string
}

/** The options a link is opened with, and whom it tells. */
export interface LinkOptions {
  readonly eventHubName: string
  readonly consumerGroup: string
  readonly partitionId: string
  /** The start, in the service's own words. */
  readonly filter: string
  readonly ownerLevel: number | undefined
  /** An event has come, the bytes from `start` to `end`. */
  onDelivery(bytes: Buffer, start: number, end: number): void
  onPieceEnd(): void
  /** The service has ended the link, or the connection has gone. Called once at most, and not after `close()`. */
  onEnd(error: Error): void
}

/** An open link to a partition. */
export interface OpenLink {
  /** Events that were asked for and have not come, or not all of it. */
  readonly outstanding: number
  grant(count: number): void
  /** Resolves when the service has let it go, or is not to be waited for. */
  close(): Promise<void>
}

type Session = Awaited<ReturnType<AuthorizedConnection['openSession']>>
type Receiver = Awaited<ReturnType<Session['createReceiver']>>

interface Entry {
  readonly link: ReceivingLink
  end(error: Error): void
}

/** The filter of a position. The descriptor is what Microsoft's clients mark it with. */
const filterName = 'apache.org:selector-filter:string'
const filterDescriptor = 0x468c00000004

/** The end of the partition comes with each event. */
const desiredCapabilities = ['com.microsoft:georeplication', 'com.microsoft:enable-receiver-runtime-metric']

/** One connection for links that read, of any event hub. */
export class ReadingConnection {
  readonly #options: ReadingConnectionOptions
  readonly #connection: AuthorizedConnection
  readonly #router = new FrameRouter()
  readonly #entries = new Map<string, Entry>()
  /** Links with something to tell of their credit. */
  readonly #due = new Set<ReceivingLink>()

  constructor(options: ReadingConnectionOptions) {
    this.#options = options
    this.#connection = new AuthorizedConnection({
      ...options,
      events: {
        onReceived: (bytes, pass) => this.#router.received(bytes, pass),
        onSending: (bytes) => this.#router.sent(bytes),
        onLinkEnd: (name, error) => this.#entries.get(name)?.end(error),
        onLost: (error) => {
          for (const entry of [...this.#entries.values()]) entry.end(error)
        },
      },
    })
  }

  /** New links take another connection. */
  get isRetired(): boolean {
    return this.#connection.isRetired
  }

  retire(): void {
    this.#connection.retire()
  }

  /** Puts new tokens for all links: there is a new credential. */
  renew(): void {
    this.#connection.renew()
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Rejects with what the service, or the connection, has against it. */
  async open(options: LinkOptions, signal: AbortSignal): Promise<OpenLink> {
    const { eventHubName, consumerGroup, partitionId } = options
    const address = `${eventHubName}/ConsumerGroups/${consumerGroup}/Partitions/${partitionId}`
    const authorization = await this.#connection.authorize(eventHubName, address)
    try {
      signal.throwIfAborted()
      return await this.#attach(address, options, authorization, signal)
    } catch (error) {
      authorization.release()
      throw error
    }
  }

  async #attach(
    address: string,
    options: LinkOptions,
    authorization: Authorization,
    signal: AbortSignal,
  ): Promise<OpenLink> {
    const ended = createDeferred<never>()
    ended.promise.catch(() => {})
    const link = new ReceivingLink(`${address}-${randomUUID()}`, {
      send: (bytes) => this.#connection.write(bytes),
      onFlowDue: () => this.#flowSoon(link),
      onDelivery: options.onDelivery,
      onPieceEnd: options.onPieceEnd,
    })
    let session: Session | undefined
    let receiver: Receiver | undefined
    let isOpen = false
    const forget = () => {
      this.#entries.delete(link.name)
      this.#router.remove(link)
      this.#due.delete(link)
      authorization.release()
    }
    const end = (error: Error) => {
      forget()
      ended.reject(error)
      // The session stays when a link is detached; the library hears of that after this.
      if (isOpen && session) {
        const left = session
        soon(() => void this.#endSession(left))
      }
      if (isOpen) options.onEnd(toEndOfOpenLink(error))
    }
    this.#entries.set(link.name, { link, end })
    this.#router.add(link)
    try {
      session = await this.#connection.openSession(signal)
      receiver = await session.createReceiver(this.#receiverOptions(link.name, address, options, signal))
      // A link that is refused is attached first, and detached with the reason next.
      if (link.isRefused) await ended.promise
      if (!this.#entries.has(link.name)) await ended.promise
    } catch (error) {
      const reason = await Promise.race([ended.promise, Promise.reject(error)]).catch((first: Error) => first)
      forget()
      // With the session ends what is left half open.
      const left = session
      if (left) soon(() => void this.#endSession(left))
      throw this.#connection.ended ?? translate(reason)
    }
    isOpen = true
    const opened = receiver
    return {
      get outstanding() {
        return link.outstanding
      },
      grant: (count) => link.grant(count),
      close: async () => {
        const isGone = !this.#entries.has(link.name)
        isOpen = false
        forget()
        if (!isGone) await this.#endReceiver(opened)
      },
    }
  }

  /** One write for all links that have something to tell at the end of a turn of the event loop: a write costs more than a frame. */
  #flowSoon(link: ReceivingLink): void {
    if (this.#due.size === 0) soon(() => this.#writeFlows())
    this.#due.add(link)
  }

  #writeFlows(): void {
    const flows: Buffer[] = []
    for (const link of this.#due) {
      const flow = link.takeFlow()
      if (flow) flows.push(flow)
    }
    this.#due.clear()
    if (flows.length > 0) this.#connection.write(flows.length === 1 ? (flows[0] as Buffer) : Buffer.concat(flows))
  }

  #receiverOptions(name: string, address: string, { filter, ownerLevel }: LinkOptions, abortSignal: AbortSignal) {
    const { identifier } = this.#options
    return {
      name,
      source: { address, filter: { [filterName]: amqpTypes.described(filter, filterDescriptor) } },
      target: { address: identifier },
      // Settled by the sender, where it does as it is asked.
      snd_settle_mode: 1 as const,
      rcv_settle_mode: 0 as const,
      credit_window: 0,
      autoaccept: false,
      properties: {
        'com.microsoft:receiver-name': identifier,
        ...(ownerLevel !== undefined && { 'com.microsoft:epoch': amqpTypes.long(ownerLevel) }),
      },
      desired_capabilities: desiredCapabilities,
      abortSignal,
      // Told by the frames; without listeners the library would have them end the process.
      onError: () => {},
      onClose: () => {},
      onSessionError: () => {},
      onSessionClose: () => {},
    }
  }

  #endReceiver(receiver: Receiver): Promise<void> {
    const { logger } = this.#options
    return closeWithin(() => receiver.close({ closeSession: true }), logger, this.#connection.ended !== undefined)
  }

  #endSession(session: Session): Promise<void> {
    return closeWithin(() => session.close(), this.#options.logger, this.#connection.ended !== undefined)
  }
}
