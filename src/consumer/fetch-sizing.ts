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
  /** A reader has been opened with the present numbers. */
  opened(): void
  /** Events have come (none: the wait ended). True: open the reader anew, with the numbers as they now are. */
  observe(count: number, bytes: number): boolean
}

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
/** A partition whose events are small may hold this many unasked. */
const IDLE_EVENTS = 10

export function createFetchSizing({
  budget,
  maxBatchSize = MOST_EVENTS,
  prefetchCount,
}: FetchSizingOptions): FetchSizing {
  let ahead = prefetchCount ?? 1
  let credit = 0
  let averageBytes: number | undefined

  const affordable = () => {
    if (averageBytes === undefined) return 1
    return Math.max(1, Math.min(2 * maxBatchSize, Math.floor(budget() / averageBytes)))
  }
  /** Unused credit that may build up: what is affordable, or a few events where they are small. */
  const tolerated = () => Math.max(2 * ahead, 4 * affordable())

  return {
    get maxBatchSize() {
      return Math.min(maxBatchSize, Math.max(1, Math.ceil(ahead / 2)))
    },
    get prefetchCount() {
      return Math.max(ahead, this.maxBatchSize)
    },

    opened() {
      credit = this.prefetchCount
    },

    observe(count, bytes) {
      const full = count >= this.maxBatchSize
      if (count > 0) {
        const size = bytes / count + EVENT_OVERHEAD_BYTES
        averageBytes = averageBytes === undefined ? size : averageBytes * 0.7 + size * 0.3
      }
      credit += this.prefetchCount - count
      if (prefetchCount !== undefined) return credit > 8 * prefetchCount
      const most = affordable()
      if (full && most >= 2 * ahead) {
        ahead = Math.min(most, ahead * 16)
        return true
      }
      if (ahead > 2 * most) {
        ahead = most
        return true
      }
      if (credit > tolerated()) {
        if (!full) ahead = Math.max(1, Math.min(most, IDLE_EVENTS, ahead))
        return true
      }
      return false
    },
  }
}
