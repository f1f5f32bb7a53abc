import type { KafkaJSError } from '../../errors/index.js'
import type { EventChunk, EventHubsTransport, PartitionReader } from '../../eventhubs/transport.js'
import type { ReadingGroup } from '../../group/reading-groups.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'

export interface PartitionStreamOptions {
  readonly transport: EventHubsTransport
  readonly topic: string
  readonly partition: number
  /** Bytes that the partition may hold ahead of the handler, at the moment. */
  readonly budget: () => number
  readonly limits?: FetchLimits
  /** Asked each time a link is opened. */
  readonly readingGroup: () => ReadingGroup
  /** A link has ended by itself. Told at once, also while the handler is busy. */
  readonly onEnd: (error: Error) => void
  /** A link that had been accepted is gone, and is opened again at once. */
  readonly onDropped: (error: Error) => void
}

/** Numbers of events, where they are set. */
export interface FetchLimits {
  readonly maxBatchSize?: number | undefined
  readonly prefetchCount?: number | undefined
}

/** Events handed to the consumer, the first of them at the stream's position. */
export interface Chunk {
  readonly events: readonly ReceivedEvent[]
  /** Position that was asked for; greater than it, the first event tells of a gap. */
  readonly position: number
  /** The first chunk after the link was opened: only there a gap can mean that retention was faster. */
  readonly first: boolean
  /** Sequence number of the newest event in the partition, as far as known. */
  readonly lastEnqueued: number
}

/**
 * One partition read from a known position. Pulled: the service is asked for more when the events at hand are done
 * with. A link that ends is opened again after the last event handed over; only when that fails too, `take` rejects.
 */
export interface PartitionStream {
  /** Next sequence number to hand over. */
  readonly position: number
  /** Newest sequence number in the partition as far as known; -1: unknown. */
  readonly lastEnqueued: number
  /** The number of links that have come to work so far. */
  readonly links: number
  /** The present link. */
  readonly link: 'closed' | 'opening' | 'open'
  /** Waits for events at the position. Undefined when interrupted. The same events come again until `advance`. */
  take(): Promise<Chunk | undefined>
  /** Ends a waiting `take`. */
  interrupt(): void
  /** Goes on at `next`: behind events that are done with, back to some that are to come again, or anywhere else. */
  advance(next: number): void
  /** Gives up the link and the events at hand; `take` opens it again. */
  suspend(): Promise<void>
}

interface Held {
  events: readonly ReceivedEvent[]
  /** Index of the first one that is not done with. */
  from: number
  first: boolean
  isTaken: boolean
}

/** The most events of a chunk that is not limited. */
const mostEventsOfChunk = 1000

export function createPartitionStream(options: PartitionStreamOptions, start: number): PartitionStream {
  const { transport, topic, partition, budget, limits, readingGroup } = options
  let position = start
  let lastEnqueued = -1
  let reader: PartitionReader | undefined
  /** Events are waited for. */
  let isPulling = false
  /** The link has been accepted: its end is an ordinary disconnect. */
  let proven = false
  let links = 0
  let first = true
  let held: Held | undefined
  let failure: Error | undefined
  let waiting: Deferred<void> | undefined
  let interrupted = false
  let closing: Promise<void> = Promise.resolve()

  const wake = () => {
    waiting?.resolve()
    waiting = undefined
  }

  const open = () => {
    first = true
    proven = false
    isPulling = false
    const opened = transport.openReader({
      eventHubName: topic,
      ...readingGroup(),
      ...limits,
      partitionId: String(partition),
      afterSequenceNumber: position - 1,
      budget,
      onOpen() {
        if (reader !== opened) return
        proven = true
        links++
      },
      onEnd(error) {
        if (reader === opened) options.onEnd(error)
      },
    })
    reader = opened
  }

  /** Asks the link for what comes next; the answer of one that is no longer the present one is not heard. */
  const pull = (from: PartitionReader) => {
    if (isPulling) return
    isPulling = true
    from.next().then(
      (chunk) => {
        if (reader !== from) return
        isPulling = false
        if (chunk) receive(chunk)
        wake()
      },
      (error: KafkaJSError) => {
        if (reader !== from) return
        reader = undefined
        if (!proven || error.retriable === false) failure = error
        else options.onDropped(error)
        wake()
      },
    )
  }

  const receive = ({ events: received, lastEnqueued: last }: EventChunk) => {
    const events = isBehind(received[0]) ? received.filter((event) => !isBehind(event)) : received
    lastEnqueued = Math.max(lastEnqueued, last ?? -1, received.at(-1)?.sequenceNumber ?? -1)
    if (events.length === 0) return
    held = { events, from: 0, first, isTaken: false }
    first = false
  }

  /** Events that the handler has left as they were come again, with those that have come meanwhile. */
  const growHeld = (some: Held) => {
    const most = limits?.maxBatchSize ?? mostEventsOfChunk
    const more = isPulling ? undefined : reader?.more(most - (some.events.length - some.from))
    if (!more) return
    some.events = [...some.events.slice(some.from), ...more.events]
    some.from = 0
    lastEnqueued = Math.max(lastEnqueued, more.lastEnqueued ?? -1, more.events.at(-1)?.sequenceNumber ?? -1)
  }

  const isBehind = (event: ReceivedEvent | undefined) => event !== undefined && event.sequenceNumber < position

  /** Ends the present link; whatever it still says is not heard, and the next is opened when it is gone. */
  const close = (): Promise<void> => {
    const ending = reader?.close()
    reader = undefined
    held = undefined
    // The transport logs what went wrong; a link that can't be closed in order is gone as well.
    if (ending) closing = ending.catch(() => undefined)
    return closing
  }

  return {
    get position() {
      return position
    },
    get lastEnqueued() {
      return lastEnqueued
    },
    get links() {
      return links
    },
    get link() {
      const { state } = reader ?? {}
      return state === 'opening' || state === 'open' ? state : 'closed'
    },

    async take() {
      interrupted = false
      while (!interrupted) {
        if (held) {
          if (held.isTaken) growHeld(held)
          held.isTaken = true
          const { events, from, first } = held
          return { events: from === 0 ? events : events.slice(from), position, first, lastEnqueued }
        }
        if (failure) {
          const error = failure
          failure = undefined
          throw error
        }
        if (!reader) {
          await closing
          if (interrupted || reader) continue
          open()
        }
        if (reader) pull(reader)
        waiting ??= createDeferred()
        await waiting.promise
      }
      return undefined
    },

    interrupt() {
      interrupted = true
      wake()
    },

    advance(next) {
      if (next === position) return
      position = next
      const last = held?.events[held.events.length - 1]?.sequenceNumber
      if (held && last !== undefined && (held.events[0]?.sequenceNumber ?? next + 1) <= next && next <= last) {
        held.from = indexOf(held.events, next)
        held.first = false
        return
      }
      if (held && last !== undefined && next === last + 1) held = undefined
      else void close()
    },

    suspend: close,
  }
}

/** Index of the first event at or after a sequence number; numbers have gaps only on compacted event hubs. */
function indexOf(events: readonly ReceivedEvent[], sequenceNumber: number): number {
  const guess = sequenceNumber - (events[0]?.sequenceNumber ?? 0)
  if (events[guess]?.sequenceNumber === sequenceNumber) return guess
  return events.findIndex((event) => event.sequenceNumber >= sequenceNumber)
}
