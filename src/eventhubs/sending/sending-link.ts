import { ErrorNameConditionMapper } from '@azure/core-amqp'
import { withDeadline } from '../../util/deadline.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { toAmqpError, toEndOfOpenLink } from '../connection/amqp-error.js'
import { connectionLost } from '../connection/amqp-socket.js'
import type { Authorization, AuthorizedConnection } from '../connection/authorized-connection.js'

type Session = Awaited<ReturnType<AuthorizedConnection['openSession']>>
type Sender = Awaited<ReturnType<Session['createSender']>>
/** Something that AMQP libraries tell of a link or a transfer. */
type Told = Parameters<NonNullable<NonNullable<Parameters<Session['createSender']>[0]>['onAccepted']>>[0]

export interface SendingLinkOptions {
  readonly eventHubName: string
  readonly partitionId: string
  /** The name in the service's logs. */
  readonly identifier: string
  /** The longest time attaching may take, ms. */
  readonly requestTimeout: number
  readonly capabilities: string[]
  readonly properties?: Readonly<Record<string, object | null>> | undefined
}

/** Marks a message whose data sections are messages. Source: `EventHubSender` of `@azure/event-hubs`. */
const batchFormat = 0x80013700

/** The names of a connection's links differ, also from that of one that is still being closed. */
let linksOpened = 0

/**
 * One link to one partition, in a session of its own. It serves until it ends: when the service ends it, when its
 * connection ends, and after a transfer whose fate is not known.
 */
export class SendingLink {
  readonly connection: AuthorizedConnection
  readonly #options: SendingLinkOptions
  /** The deliveries under way, by delivery id. */
  readonly #inProgress = new Map<number, Deferred<void>>()
  readonly #refused = createDeferred<never>()
  #authorization: Authorization | undefined
  #session: Session | undefined
  #sender: Sender | undefined
  #ended: Error | undefined
  #isRetired = false

  /** Rejects with the service's reason when the link is refused. */
  static async open(connection: AuthorizedConnection, options: SendingLinkOptions): Promise<SendingLink> {
    const link = new SendingLink(connection, options)
    await link.#open()
    return link
  }

  private constructor(connection: AuthorizedConnection, options: SendingLinkOptions) {
    this.connection = connection
    this.#options = options
    this.#refused.promise.catch(() => undefined)
    connection.signal.addEventListener('abort', this.#onConnectionEnd, { once: true })
  }

  /** Bytes of the largest transfer; a link may have no limit. */
  get maxMessageSize(): number {
    return this.#sender?.maxMessageSize || Number.POSITIVE_INFINITY
  }

  /** The properties of the link that the service gave when it opened it. */
  get properties(): Readonly<Record<string, unknown>> {
    return this.#sender?.properties ?? {}
  }

  /** A transfer may begin on it. */
  get isOpen(): boolean {
    return !this.#ended && !this.#isRetired && !this.connection.isRetired
  }

  get isBusy(): boolean {
    return this.#inProgress.size > 0
  }

  /**
   * Resolves when the service has stored the batch; rejects with `Refusal` when it says no. Any other rejection, that of
   * the signal too, leaves open what becomes of the batch, and this link is used no more.
   */
  async send(bytes: Buffer, signal?: AbortSignal): Promise<void> {
    if (this.#ended || !this.#sender) throw this.#ended ?? connectionLost()
    signal?.throwIfAborted()
    const since = performance.now()
    const { id } = this.#sender.send(bytes, { format: batchFormat })
    const outcome = createDeferred()
    const onAbort = () => {
      this.#isRetired = true
      this.connection.suspect(since)
      outcome.reject(signal?.reason)
    }
    this.#inProgress.set(id, outcome)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await outcome.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#inProgress.delete(id)
      if (this.#isRetired && !this.isBusy) this.close()
    }
  }

  /** Nothing more begins on it, and it is closed after what is in progress. */
  retire(): void {
    this.#isRetired = true
    if (!this.isBusy) this.close()
  }

  /** Ends it, and what is in progress on it. */
  close(): void {
    this.#end(Object.assign(new Error('The link is closed'), { code: 'ECONNABORTED' }))
  }

  async #open(): Promise<void> {
    const { connection } = this
    const { requestTimeout: ms } = this.#options
    const since = performance.now()
    try {
      const { eventHubName } = this.#options
      this.#authorization = await connection.authorize(eventHubName, this.#address)
      await withDeadline((abortSignal) => this.#attach(abortSignal), {
        ms,
        signal: connection.signal,
        createError: () => Object.assign(new Error(`No answer within ${ms} ms`), { code: 'OperationTimeoutError' }),
      })
    } catch (error) {
      connection.suspect(since)
      const reason = connection.ended ?? (error as Error)
      this.#end(reason)
      throw toAmqpError(reason)
    }
  }

  async #attach(abortSignal: AbortSignal): Promise<void> {
    const { identifier, capabilities, properties } = this.#options
    const session = await this.connection.openSession(abortSignal)
    this.#session = session
    abortSignal.throwIfAborted()
    const attached = session.createSender({
      name: `${this.#address}-${++linksOpened}`,
      source: identifier,
      target: { address: this.#address },
      desired_capabilities: capabilities,
      ...(properties && { properties }),
      abortSignal,
      onAccepted: ({ delivery }) => this.#inProgress.get(delivery?.id ?? -1)?.resolve(),
      onRejected: (told) => this.#onRefused(told),
      onReleased: (told) => this.#onRefused(told),
      onError: ({ sender }) => this.#onEnd(sender?.error),
      onClose: ({ sender }) => this.#onEnd(sender?.error),
      onSessionError: (told) => this.#onEnd(told.session?.error),
      onSessionClose: (told) => this.#onEnd(told.session?.error),
    })
    const sender = await Promise.race([attached, this.#refused.promise])
    if (this.#ended) throw this.#ended
    this.#sender = sender
  }

  get #address(): string {
    const { eventHubName, partitionId } = this.#options
    return `${eventHubName}/Partitions/${partitionId}`
  }

  /** The service refuses a batch, or gives it back: it is not stored. */
  #onRefused({ delivery }: Told): void {
    const { error } = (delivery?.remote_state ?? {}) as { error?: Error }
    const description = 'The event hub gave the batch back'
    const reason = error ?? { condition: ErrorNameConditionMapper.SenderBusyError, description }
    this.#inProgress.get(delivery?.id ?? -1)?.reject(new Refusal(toAmqpError(reason)))
  }

  #onEnd(error: Parameters<typeof toAmqpError>[0] | undefined): void {
    const reason = error ? toAmqpError(error) : connectionLost('The service closed the link')
    this.#end(this.#sender ? toEndOfOpenLink(reason) : reason)
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#ended = error
    this.#authorization?.release()
    this.connection.signal.removeEventListener('abort', this.#onConnectionEnd)
    this.#refused.reject(error)
    for (const outcome of this.#inProgress.values()) outcome.reject(error)
    // The link ends with its session. Nobody waits for the answer, and nothing when the connection is gone.
    if (!this.connection.ended) {
      void this.#session?.close({ abortSignal: this.connection.signal }).catch(() => undefined)
    }
    this.#sender = undefined
  }

  readonly #onConnectionEnd = (): void => this.#end(this.connection.ended ?? connectionLost())
}

/** The service's answer to a transfer: no. Nothing of the batch is stored, and the link is as good as before. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  override readonly cause: Error

  constructor(cause: Error) {
    super(cause.message)
    this.cause = cause
  }
}
