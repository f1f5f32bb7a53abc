/**
 * How many events to ask for at a time, so that what waits in memory is bounded by bytes although AMQP's credit counts
 * events. A partition starts with one event, learns how large events are and how many come, and grows from there.
 *
 * The SDK's receiver adds a full `prefetchCount` of credit on every wait, on top of what is still unused (seen in
 * `@azure/event-hubs` 6.0.4, `partitionReceiver.js`; azure-sdk-for-js #27253), so on a quiet partition the credit grows without
 * bound. `observe` counts it and tells when the reader is to be opened anew.
 */
export interface FetchSizing {
  readonly maxBatchSize: number
  readonly prefetchCount: number
  /** What an event takes, by those of late; 0 before the first. */
  readonly eventBytes: number
  /** A reader has been opened with the present numbers. */
  opened(): void
  /** Events have come, or none, when the wait ended. */
  observe(count: number, bytes: number): FetchVerdict
}

/**
 * `reopen`: open the reader anew once these events are done with, for the numbers have changed. `again`: at once, these
 * were only to tell how large events are.
 */
export type FetchVerdict = 'go on' | 'reopen' | 'again'

export interface FetchSizingOptions {
  /** Bytes this partition may hold ahead of the handler, at the moment. */
  readonly budget: () => number
  /** Most events in one batch, whatever their size. */
  readonly maxBatchSize?: number | undefined
  /** Fixes the number of events asked for ahead. */
  readonly prefetchCount?: number | undefined
}

const MOST_EVENTS = 1000
/** Kept free of guesses from the few bytes of small events: what an event costs beside its body. */
const EVENT_OVERHEAD_BYTES = 256
/** Fewest events that are asked for where they are small. */
const FEWEST_SMALL_EVENTS = 10
/** What the first event, which tells the size of all, is trusted with. */
const MOST_EVENTS_AT_FIRST = 256
/** How many full batches in a row tell of a backlog once the partition was found quiet. */
const BACKLOG_BATCHES = 8

export function createFetchSizing({
  budget,
  maxBatchSize = MOST_EVENTS,
  prefetchCount,
}: FetchSizingOptions): FetchSizing {
  let ahead = prefetchCount ?? 1
  /** Events asked for and not delivered, at most. */
  let credit = 0
  let averageBytes: number | undefined
  /** Events per batch of late, where batches did not come full. */
  let averageCount = 0
  let fullInARow = 0
  let patience = 1

  const affordable = () => {
    if (averageBytes === undefined) return 1
    return Math.max(1, Math.min(2 * maxBatchSize, Math.floor(budget() / averageBytes)))
  }
  const batchSize = () => Math.min(maxBatchSize, Math.max(1, Math.ceil(ahead / 2)))

  const learn = (count: number, bytes: number) => {
    if (count > 0) {
      const size = bytes / count + EVENT_OVERHEAD_BYTES
      averageBytes = averageBytes === undefined ? size : averageBytes * 0.7 + size * 0.3
    }
    const isFull = count >= batchSize()
    fullInARow = isFull ? fullInARow + 1 : 0
    if (isFull) return
    averageCount = averageCount * 0.9 + count * 0.1
    credit += Math.max(ahead, batchSize()) - count
  }

  return {
    get maxBatchSize() {
      return batchSize()
    },
    get prefetchCount() {
      return Math.max(ahead, batchSize())
    },

    get eventBytes() {
      return averageBytes ?? 0
    },

    opened() {
      credit = this.prefetchCount
      fullInARow = 0
    },

    observe(count, bytes) {
      const isProbe = averageBytes === undefined
      learn(count, bytes)
      if (prefetchCount !== undefined) return credit > 8 * prefetchCount ? 'reopen' : 'go on'
      const most = affordable()
      if (isProbe && most >= 2 * ahead) {
        ahead = Math.min(most, MOST_EVENTS_AT_FIRST)
        return 'again'
      }
      if (fullInARow >= patience && most >= 2 * ahead) {
        ahead = Math.min(most, ahead * 16)
        return 'reopen'
      }
      if (ahead > 2 * most) {
        ahead = most
        return 'reopen'
      }
      if (credit > Math.max(2 * ahead, 4 * most)) {
        ahead = Math.min(most, Math.max(FEWEST_SMALL_EVENTS, Math.ceil(4 * averageCount)))
        patience = BACKLOG_BATCHES
        return 'reopen'
      }
      return 'go on'
    },
  }
}
