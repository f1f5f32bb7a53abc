import type { EventPosition, ReceivedEventData } from '@azure/event-hubs'
import type { Logger } from '../../types/index.js'
import { createDeferred } from '../../util/deferred.js'
import { closeWithin } from '../connection/close-within.js'
import type { PartitionReader, ReaderOptions } from '../transport.js'
import type { ConsumerClients, ConsumerLoan } from './consumer-clients.js'

export interface ReaderContext {
  readonly clients: ConsumerClients
  /** How long opening the link, or hearing from it, may take, ms. */
  readonly timeout: number
  readonly logger: Logger
  toError(error: unknown): Error
  onClosed(reader: Reader): void
}

/** How long the SDK waits for events before it says that there are none, s. */
const idleWait = 1

/** One stretch of reading over one link. */
interface Stretch {
  readonly closed: Promise<void>
  close(): Promise<void>
}

/**
 * Reads one partition through a single-partition subscription. What the SDK would do after an error, which is to begin
 * again from where the subscription began, does not get through: the first error ends the reader.
 */
export class Reader implements PartitionReader {
  readonly #options: ReaderOptions
  readonly #context: ReaderContext
  #after: number
  #state: 'open' | 'ended' | 'closed' = 'open'
  #stretch: Stretch
  #delivering: Promise<void> = Promise.resolve()

  constructor(options: ReaderOptions, context: ReaderContext) {
    this.#options = options
    this.#context = context
    this.#after = options.afterSequenceNumber
    this.#stretch = this.#begin()
  }

  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    await this.#stretch.close()
  }

  /** Goes on over a new link, after the last event delivered. */
  async reopen(): Promise<void> {
    if (this.#state !== 'open') return
    const before = this.#stretch
    const reopened = createDeferred<Stretch>()
    this.#stretch = {
      close: async () => (await reopened.promise).close(),
      closed: reopened.promise.then((next) => next.closed),
    }
    await before.close()
    await this.#delivering
    this.#stretch = this.#begin()
    reopened.resolve(this.#stretch)
  }

  #end(error: unknown): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    void this.#stretch.close()
    this.#options.onEnd(this.#context.toError(error))
  }

  #begin(): Stretch {
    const { eventHubName, consumerGroup, partitionId, ownerLevel } = this.#options
    const { clients, timeout, logger } = this.#context
    const closing = new AbortController()
    const { signal } = closing
    const isCurrent = () => !signal.aborted && this.#state === 'open'
    const end = (error: unknown) => {
      if (isCurrent()) this.#end(error)
    }
    let watchdog: NodeJS.Timeout | undefined
    const expectNews = () => {
      clearTimeout(watchdog)
      if (isCurrent()) watchdog = setTimeout(() => end(silence(timeout)), timeout + idleWait * 1000)
    }
    const run = async () => {
      let loan: ConsumerLoan | undefined
      try {
        const key = { eventHubName, consumerGroup, hasOwnerLevelZero: ownerLevel === 0 }
        expectNews()
        loan = await clients.take(key, { partitionId, onLinkEnd: end })
        if (signal.aborted) return
        const subscription = loan.client.sdk.subscribe(
          partitionId,
          {
            processEvents: async (events, { lastEnqueuedEventProperties }) => {
              clearTimeout(watchdog)
              if (!isCurrent()) return
              await this.#deliver(events, lastEnqueuedEventProperties?.sequenceNumber, isCurrent, end)
              expectNews()
            },
            processError: async (error) => end(error),
            processClose: async (reason) => end(new Error(`The service ended the link (${reason})`)),
          },
          { ...this.#subscribeOptions(), startPosition: this.#startPosition() },
        )
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        await closeWithin(() => subscription.close(), logger, loan.client.ended !== undefined)
      } catch (error) {
        if (isCurrent()) this.#end(error)
        else logger.debug('Closing a reader failed', { partition: partitionId, error: String(error) })
      } finally {
        clearTimeout(watchdog)
        await loan?.release()
        if (this.#state !== 'open') this.#context.onClosed(this)
      }
    }
    const closed = Promise.resolve().then(run)
    const close = () => {
      closing.abort()
      return closed
    }
    return { closed, close }
  }

  #startPosition(): EventPosition {
    const { enqueuedAfter, afterSequenceNumber } = this.#options
    const hasDelivered = this.#after !== afterSequenceNumber
    return enqueuedAfter && !hasDelivered ? { enqueuedOn: enqueuedAfter } : positionAfter(this.#after)
  }

  #subscribeOptions() {
    const { ownerLevel, maxBatchSize, prefetchCount } = this.#options
    return {
      maxBatchSize,
      prefetchCount: Math.max(prefetchCount, maxBatchSize),
      maxWaitTimeInSeconds: idleWait,
      skipParsingBodyAsJson: true,
      trackLastEnqueuedEventProperties: true,
      ...(ownerLevel === undefined ? {} : { ownerLevel }),
    }
  }

  async #deliver(
    events: readonly ReceivedEventData[],
    lastEnqueued: number | undefined,
    isCurrent: () => boolean,
    end: (error: unknown) => void,
  ): Promise<void> {
    await this.#delivering
    if (!isCurrent()) return
    this.#after = events.at(-1)?.sequenceNumber ?? this.#after
    this.#delivering = this.#options.onEvents(events, lastEnqueued).catch((error: unknown) => {
      if (isCurrent()) end(error)
      else this.#context.logger.debug('Handling events failed after the reader was closed', { error: String(error) })
    })
    await this.#delivering
  }
}

function positionAfter(sequenceNumber: number): EventPosition {
  // Earliest, in the service's own words: an empty event hub has refused sequence number -1.
  return sequenceNumber < 0 ? { offset: '-1' } : { sequenceNumber, isInclusive: false }
}

function silence(timeout: number): Error {
  return Object.assign(new Error(`The link has not been open within ${timeout} ms`), { code: 'OperationTimeoutError' })
}
