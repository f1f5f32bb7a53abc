import type { Logger } from '../../types/index.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { soon } from '../../util/timers.js'
import type { EventChunk, PartitionReader, ReaderOptions } from '../transport.js'
import { Credit, eventOverhead } from './credit.js'
import type { LinkOptions, OpenLink } from './reading-connection.js'
import type { ReadingConnections } from './reading-connections.js'
import { type EncodedEvent, parseEvent, UNREADABLE } from './received-event.js'

export interface ReaderContext {
  readonly connections: ReadingConnections
  /** The longest time opening the link may take, ms. */
  readonly timeout: number
  readonly logger: Logger
  toError(error: unknown): Error
  onClosed(reader: Reader): void
}

/** Most events in one chunk, unless asked for otherwise. */
const mostEvents = 1000
/** The longest wait of the first event for those behind it, ms: about a round trip to a distant region. */
const patienceOfFirst = 100

type State =
  | { readonly is: 'opening' }
  | { readonly is: 'open'; readonly link: OpenLink }
  | { readonly is: 'ended'; readonly error: Error }
  | { readonly is: 'closed' }

/**
 * Reads one partition over one link. Events wait in a queue until they are asked for; for what has been taken and is done
 * with, others are asked for. It ends with its link.
 */
export class Reader implements PartitionReader {
  readonly #options: ReaderOptions
  readonly #context: ReaderContext
  readonly #credit: Credit
  readonly #mostEvents: number
  readonly #farewell = createDeferred()
  #state: State = { is: 'opening' }
  #queue: EncodedEvent[] = []
  #queueBytes = 0
  /** The amount that `next` has given last: it is done with when `next` is called again. */
  #handed = { count: 0, bytes: 0 }
  #piece = { count: 0, bytes: 0 }
  #waiting: Deferred<void> | undefined
  /** Events have been given. */
  #isUnderway = false
  #lastSequenceNumber: number
  /** The event that has come last, until it is asked where its partition ended then: it is not to stay in memory. */
  #newest: EncodedEvent | undefined
  #lastEnqueued: number | undefined

  constructor(options: ReaderOptions, context: ReaderContext) {
    this.#options = options
    this.#context = context
    this.#lastSequenceNumber = options.afterSequenceNumber
    const { budget, maxBatchSize = mostEvents, prefetchCount = 2 * maxBatchSize } = options
    this.#mostEvents = maxBatchSize
    this.#credit = new Credit({ budget, limit: Math.max(1, prefetchCount) })
    void this.#open()
  }

  get state(): State['is'] {
    return this.#state.is
  }

  async next(): Promise<EventChunk | undefined> {
    this.#handed = { count: 0, bytes: 0 }
    this.#grant()
    for (let isGathered = false; ; ) {
      const count = this.#queue.length
      if (count >= this.#mostEvents || (count > 0 && isGathered)) return this.#take(this.#mostEvents)
      if (count > 0) {
        if (this.#isFirstOfMore()) await this.#change(patienceOfFirst)
        await sockets()
        isGathered = true
        continue
      }
      const state = this.#state
      if (state.is === 'closed') return undefined
      if (state.is === 'ended') throw state.error
      await this.#change()
    }
  }

  more(limit: number): EventChunk | undefined {
    return limit > 0 && this.#queue.length > 0 ? this.#take(limit) : undefined
  }

  /** Closes it. What is on its way to be opened is closed when it is open, and not waited for. */
  async close(): Promise<void> {
    const state = this.#state
    this.#become({ is: 'closed' })
    this.#queue = []
    this.#farewell.resolve()
    if (state.is === 'open') await state.link.close()
    this.#context.onClosed(this)
  }

  async #open(): Promise<void> {
    const { timeout, connections } = this.#context
    const interruption = createDeferred<never>()
    const timer = setTimeout(() => interruption.reject(silence(timeout)), timeout)
    void this.#farewell.promise.then(() => interruption.reject(new Error('The reader was closed')))
    const attempt = new AbortController()
    const opening = connections.open(this.#linkOptions(), attempt.signal)
    try {
      const link = await Promise.race([opening, interruption.promise])
      // It may have ended at once.
      if (this.#state.is !== 'opening') return await link.close()
      this.#become({ is: 'open', link })
      this.#options.onOpen?.()
      this.#grant()
    } catch (error) {
      attempt.abort()
      opening.then((late) => late.close()).catch(() => {})
      this.#end(error)
    } finally {
      clearTimeout(timer)
    }
  }

  #linkOptions(): LinkOptions {
    const { eventHubName, consumerGroup, partitionId, ownerLevel } = this.#options
    return {
      eventHubName,
      consumerGroup,
      partitionId,
      ownerLevel,
      filter: filterOf(this.#options),
      onDelivery: (bytes, start, end) => this.#onDelivery(bytes, start, end),
      onPieceEnd: () => this.#onPieceEnd(),
      onEnd: (error) => this.#end(error),
    }
  }

  /** Not after it is closed, and once: what is closed stays so. */
  #become(state: State): void {
    if (this.#state.is === 'closed' || this.#state.is === 'ended') return
    this.#state = state
    if (state.is !== 'open') this.#wake()
  }

  /** Ends the link; what came before the end may still be taken. */
  #end(cause: unknown): void {
    if (this.#state.is === 'closed' || this.#state.is === 'ended') return
    const { onClosed, toError } = this.#context
    const state = this.#state
    const error = toError(cause)
    this.#become({ is: 'ended', error })
    // Hands the connection back.
    if (state.is === 'open') void state.link.close()
    onClosed(this)
    this.#options.onEnd(error)
  }

  /**
   * True of the first event, which was asked for alone, where the service says that others are there: what was sent at
   * once is handed over at once, and those were asked for when it came.
   */
  #isFirstOfMore(): boolean {
    const newest = this.#newest
    if (this.#isUnderway || newest === undefined || this.#queue.length > 1) return false
    if (this.#state.is !== 'open' || this.#state.link.outstanding === 0) return false
    return (newest.lastEnqueuedSequenceNumber ?? -1) > newest.sequenceNumber
  }

  /** Resolves when something has come, or nothing comes any more, or after a while. */
  async #change(patience?: number): Promise<void> {
    this.#waiting ??= createDeferred()
    const timer = patience === undefined ? undefined : setTimeout(() => this.#wake(), patience)
    await this.#waiting.promise
    clearTimeout(timer)
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  #onDelivery(bytes: Buffer, start: number, end: number): void {
    const event = parseEvent(bytes, start, end)
    // Sequence numbers are contiguous, except where events were removed before there was anyone to read them.
    if (event.sequenceNumber === UNREADABLE) event.sequenceNumber = this.#lastSequenceNumber + 1
    this.#lastSequenceNumber = event.sequenceNumber
    this.#newest = event
    this.#queue.push(event)
    this.#piece.count++
    this.#piece.bytes += end - start + eventOverhead
  }

  #onPieceEnd(): void {
    const piece = this.#piece
    if (piece.count > 0) {
      this.#queueBytes += piece.bytes
      this.#credit.learn(piece)
      this.#piece = { count: 0, bytes: 0 }
      this.#wake()
    }
    this.#grant()
  }

  #grant(): void {
    if (this.#state.is !== 'open') return
    const held = {
      count: this.#queue.length + this.#handed.count,
      bytes: this.#queueBytes + this.#handed.bytes,
    }
    const { link } = this.#state
    const count = this.#credit.more(held, link.outstanding)
    if (count > 0) link.grant(count)
  }

  #take(limit: number): EventChunk {
    this.#isUnderway = true
    const queue = this.#queue
    const events = queue.length <= limit ? queue : queue.splice(0, limit)
    let bytes = this.#queueBytes
    if (events === queue) this.#queue = []
    else {
      bytes = 0
      for (const event of events) bytes += event.size + eventOverhead
    }
    this.#queueBytes -= bytes
    this.#handed.count += events.length
    this.#handed.bytes += bytes
    if (this.#newest) this.#lastEnqueued = this.#newest.lastEnqueuedSequenceNumber
    this.#newest = undefined
    return { events, lastEnqueued: this.#lastEnqueued }
  }
}

/** Resolves when all that the sockets have has been read: what comes in one go is handed over so, for each chunk costs. */
const sockets = () => new Promise<void>(soon)

/** Positions in the service's own words. Source: `eventPosition.js` of `@azure/event-hubs`. */
function filterOf({ afterSequenceNumber, enqueuedAfter }: ReaderOptions): string {
  if (enqueuedAfter) return `amqp.annotation.x-opt-enqueued-time > '${enqueuedAfter.getTime()}'`
  // Earliest, as the service puts it: an empty event hub has refused sequence number -1.
  if (afterSequenceNumber < 0) return `amqp.annotation.x-opt-offset > '-1'`
  return `amqp.annotation.x-opt-sequence-number > '${afterSequenceNumber}'`
}

function silence(timeout: number): Error {
  return Object.assign(new Error(`The link has not been open within ${timeout} ms`), { code: 'OperationTimeoutError' })
}
