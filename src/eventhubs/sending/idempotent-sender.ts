import type { OutgoingEvent } from '../../translate/event.js'
import type { Logger } from '../../types/index.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { createSerial } from '../../util/serial.js'
import type { IdempotentSender, OperationOptions } from '../transport.js'
import { PublishingLink, type PublishingLinkOptions } from './publishing-link.js'

type LinkOptions = Omit<PublishingLinkOptions, 'partitionId' | 'onStored' | 'onFailed' | 'onOpen'>

export interface IdempotentSenderOptions {
  readonly partitionId: string
  readonly linkOptions: () => Promise<LinkOptions>
  readonly logger: Logger
  toError(error: unknown): Error
}

/** How long a link is kept that nothing is sent over, ms: the SDK's loop behind it never rests. */
const idleTime = 10_000
/** The same after a failure, while its events may come again. */
const doubtTime = 120_000

/** What was handed to `send` and is not known to be stored as a whole. */
interface Dispatch {
  readonly events: readonly OutgoingEvent[]
  readonly stored: Set<OutgoingEvent>
  /** With the SDK, waiting to be sent. */
  readonly queued: Set<OutgoingEvent>
  /** Sent with the numbers that follow the last known one, the outcome unknown. */
  inDoubt: readonly OutgoingEvent[]
  attempt: Deferred<void> | undefined
}

/**
 * Publishes to one partition so that what is sent again after a failure is stored once. The same events, sent again, go
 * out under the same producer and with the same sequence numbers, from which the service knows them. After a reconnect
 * the service may instead tell that it has them already: the SDK would go on counting from there, and store them twice.
 * Other events after a failure begin under a new producer, lest they be taken for those that failed.
 */
export class Sender implements IdempotentSender {
  readonly #options: IdempotentSenderOptions
  readonly #serial = createSerial()
  #link: Promise<PublishingLink> | undefined
  #lastNumber: number | undefined
  #dispatch: Dispatch | undefined
  #idle: NodeJS.Timeout | undefined
  #isStale = false
  #isClosed = false

  constructor(options: IdempotentSenderOptions) {
    this.#options = options
  }

  send(events: readonly OutgoingEvent[], { abortSignal }: OperationOptions = {}): Promise<void> {
    return this.#serial(async () => {
      clearTimeout(this.#idle)
      try {
        await this.#send(events, abortSignal)
      } catch (error) {
        throw this.#options.toError(error)
      } finally {
        this.#rest()
      }
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#dispatch?.attempt?.reject(disconnected())
    await this.#drop()
  }

  /** Has the next events that are not a repetition go over a new link, which gets the new credential. */
  retire(): void {
    this.#isStale = true
    this.#rest()
  }

  async #send(events: readonly OutgoingEvent[], abortSignal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed) throw disconnected()
    if (events.length === 0) return
    const isRepeated = this.#dispatch?.events === events
    if (!isRepeated && (this.#dispatch || this.#isStale)) await this.#drop()
    const known = this.#dispatch
    const dispatch = known ?? { events, stored: new Set(), queued: new Set(), inDoubt: [], attempt: undefined }
    this.#dispatch = dispatch
    const attempt = createDeferred()
    dispatch.attempt = attempt
    const onAbort = () => attempt.reject(abortSignal?.reason)
    abortSignal?.addEventListener('abort', onAbort, { once: true })
    if (abortSignal?.aborted) onAbort()
    try {
      await Promise.race([this.#hand(dispatch), attempt.promise])
      await attempt.promise
      this.#dispatch = undefined
    } finally {
      attempt.promise.catch(() => {})
      dispatch.attempt = undefined
      abortSignal?.removeEventListener('abort', onAbort)
    }
  }

  /** Gives the SDK what neither it nor the service is known to have; `#onOpen` sees to it that it is not stored twice. */
  async #hand(dispatch: Dispatch): Promise<void> {
    const link = await this.#getLink()
    const missing = dispatch.events.filter((event) => !dispatch.stored.has(event) && !dispatch.queued.has(event))
    this.#settle(dispatch)
    for (const event of missing) dispatch.queued.add(event)
    await link.enqueue(missing).catch((error: unknown) => {
      for (const event of missing) dispatch.queued.delete(event)
      throw error
    })
  }

  #getLink(): Promise<PublishingLink> {
    const known = this.#link
    if (known) return known
    const isCurrent = () => this.#link === opening
    const opening: Promise<PublishingLink> = this.#open(isCurrent)
    this.#link = opening
    opening.catch(() => {
      if (isCurrent()) this.#link = undefined
    })
    return opening
  }

  async #open(isCurrent: () => boolean): Promise<PublishingLink> {
    const { partitionId, linkOptions, logger } = this.#options
    return new PublishingLink({
      ...(await linkOptions()),
      partitionId,
      onStored: (events) => isCurrent() && this.#onStored(events),
      onFailed: (events, error) => {
        logger.debug('Publishing failed', { partition: partitionId, events: events.length, error: error.message })
        if (isCurrent()) this.#onFailed(events, error)
      },
      onOpen: (number) => isCurrent() && this.#onOpen(number),
    })
  }

  #onStored(events: readonly OutgoingEvent[]): void {
    if (this.#lastNumber !== undefined) this.#lastNumber = plus(this.#lastNumber, events.length)
    const dispatch = this.#dispatch
    if (!dispatch) return
    this.#markStored(dispatch, events)
  }

  #onFailed(events: readonly OutgoingEvent[], error: Error): void {
    const dispatch = this.#dispatch
    if (events.length === 0) {
      // The link does not open. The SDK goes on trying; nothing that was handed to it is lost or in doubt.
      if (!isLasting(error)) return
      void this.#drop()
      dispatch?.attempt?.reject(error)
      return
    }
    if (!dispatch) return
    for (const event of events) dispatch.queued.delete(event)
    dispatch.inDoubt = events
    dispatch.attempt?.reject(error)
    if (isIdentityLost(error)) void this.#drop()
  }

  #onOpen(number: number | undefined): boolean {
    const dispatch = this.#dispatch
    const count = dispatch?.inDoubt.length ?? 0
    if (dispatch && count && this.#lastNumber !== undefined && number === plus(this.#lastNumber, count)) {
      const isHanded = dispatch.queued.size > 0
      this.#markStored(dispatch, dispatch.inDoubt)
      if (isHanded) {
        // The SDK would send them once more: this link must not be used.
        dispatch.queued.clear()
        dispatch.attempt?.reject(replaced())
        void this.#drop(dispatch)
        return false
      }
    }
    this.#lastNumber = number
    return true
  }

  #markStored(dispatch: Dispatch, events: readonly OutgoingEvent[]): void {
    for (const event of events) {
      dispatch.queued.delete(event)
      dispatch.stored.add(event)
    }
    dispatch.inDoubt = []
    this.#settle(dispatch)
  }

  #settle(dispatch: Dispatch): void {
    if (dispatch.events.every((event) => dispatch.stored.has(event))) dispatch.attempt?.resolve()
  }

  #rest(): void {
    clearTimeout(this.#idle)
    if (this.#isClosed || !this.#link) return
    if (this.#isStale && !this.#dispatch) void this.#drop()
    else this.#idle = setTimeout(() => void this.#drop(), this.#dispatch ? doubtTime : idleTime).unref()
  }

  /** Ends the identity, and with it what the SDK has not sent. */
  async #drop(kept?: Dispatch): Promise<void> {
    const link = this.#link
    this.#link = undefined
    this.#dispatch = kept
    this.#lastNumber = undefined
    this.#isStale = false
    const closing = await link?.catch(() => undefined)
    await closing?.close()
  }
}

/** Sequence numbers are AMQP ints and begin at 0 again after the last. */
const plus = (number: number, count: number) => (number + count) % 2 ** 31

/** Whether the service will go on saying so. */
function isLasting(error: Error): boolean {
  if (error instanceof AggregateError) return error.errors.every(isLasting)
  return (error as { retryable?: boolean }).retryable !== true
}

/** The service does not take this producer any more. */
function isIdentityLost(error: Error): boolean {
  const { code } = error as { code?: string }
  return code === 'SequenceOutOfOrderError' || code === 'ProducerDisconnectedError'
}

const replaced = () => Object.assign(new Error('The link was replaced'), { code: 'ECONNRESET', retryable: true })

const disconnected = () => Object.assign(new Error('The producer is disconnected'), { code: 'ECONNABORTED' })
