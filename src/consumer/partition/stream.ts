import type { KafkaJSError } from '../../errors/index.js'
import type { EventHubsTransport, PartitionReader } from '../../eventhubs/transport.js'
import type { ReadingGroup } from '../../group/reading-groups.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { sizeOfEvents } from './event-size.js'
import type { FetchAllowance } from './fetch-allowance.js'
import type { FetchSizing } from './fetch-sizing.js'

export interface PartitionStreamOptions {
  readonly transport: EventHubsTransport
  readonly topic: string
  readonly partition: number
  readonly sizing: FetchSizing
  /** Asked each time a link is opened. */
  readonly readingGroup: () => ReadingGroup
  /** What all partitions may be receiving at a time; left out: anything. */
  readonly allowance?: FetchAllowance
  /** A link has ended by itself. Told at once, also while the handler is busy. */
  readonly onEnd: (error: Error) => void
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
  /** How many links have come to work so far. */
  readonly links: number
  /** Waits for events at the position. Undefined when interrupted. The same events come again until `advance`. */
  take(): Promise<Chunk | undefined>
  /** Ends a waiting `take`. */
  interrupt(): void
  /** Goes on at `next`: behind events that are done with, back to some that are to come again, or anywhere else. */
  advance(next: number): void
  /** Gives up the link and the events at hand; `take` opens it again. */
  suspend(): Promise<void>
}

/** From this size on, an event counts when it is asked for. */
const LARGE_EVENT_BYTES = 65_536

export function createPartitionStream(options: PartitionStreamOptions, start: number): PartitionStream {
  const { transport, topic, partition, sizing, readingGroup } = options
  let position = start
  let lastEnqueued = -1
  let reader: PartitionReader | undefined
  /** Counts links, so that a late word from an old one is not heard. */
  let link = 0
  /** The link has brought events or a sign of life: its end is an ordinary disconnect. */
  let proven = false
  let links = 0
  let held: { events: readonly ReceivedEvent[]; from: number; first: boolean; done: Deferred<void> } | undefined
  let failure: Error | undefined
  let waiting: Deferred<void> | undefined
  let reopen = false
  let interrupted = false
  let closing: Promise<void> = Promise.resolve()
  let giveBack = () => {}

  const wake = () => {
    waiting?.resolve()
    waiting = undefined
  }

  const open = () => {
    const number = ++link
    let first = true
    proven = false
    reopen = false
    reader = transport.openReader({
      eventHubName: topic,
      ...readingGroup(),
      partitionId: String(partition),
      afterSequenceNumber: position - 1,
      maxBatchSize: sizing.maxBatchSize,
      prefetchCount: sizing.prefetchCount,
      async onEvents(received, last) {
        if (number !== link) return
        giveBack()
        if (!proven) links++
        proven = true
        if (last !== undefined && last > lastEnqueued) lastEnqueued = last
        const events = received.length > 0 && isBehind(received[0]) ? received.filter((e) => !isBehind(e)) : received
        const verdict = sizing.observe(received.length, sizeOfEvents(received))
        reopen ||= verdict === 'reopen'
        if (verdict === 'again' || (reopen && events.length === 0)) {
          void close()
          return wake()
        }
        if (events.length === 0) return
        lastEnqueued = Math.max(lastEnqueued, events[events.length - 1]?.sequenceNumber ?? -1)
        const done = createDeferred()
        held = { events, from: 0, first, done }
        first = false
        wake()
        await done.promise
        await allowed(number)
      },
      onEnd(error) {
        if (number !== link) return
        giveBack()
        reader = undefined
        options.onEnd(error)
        if (!proven || (error as KafkaJSError).retriable === false) failure = error
        wake()
      },
    })
    sizing.opened()
  }

  /** Waits until the next event may be received, where it is large and known to be there. */
  const allowed = async (number: number) => {
    const { allowance } = options
    if (!allowance || number !== link || sizing.eventBytes < LARGE_EVENT_BYTES || lastEnqueued < position) return
    const taken = await allowance.take(2 * sizing.eventBytes)
    if (number === link) giveBack = taken
    else taken()
  }

  const isBehind = (event: ReceivedEvent | undefined) => event !== undefined && event.sequenceNumber < position

  /** Ends the present link; whatever it still says is not heard, and the next is opened when it is gone. */
  const close = (): Promise<void> => {
    link++
    giveBack()
    const ending = reader?.close()
    reader = undefined
    release()
    // The transport logs what went wrong; a link that can't be closed in order is gone as well.
    if (ending) closing = ending.catch(() => undefined)
    return closing
  }

  const release = () => {
    held?.done.resolve()
    held = undefined
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

    async take() {
      interrupted = false
      while (!interrupted) {
        if (held) {
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
      if (held && last !== undefined && next === last + 1 && !reopen) release()
      else void close()
    },

    suspend: close,
  }
}

/** Where the first event at or after a sequence number stands; numbers have gaps only on compacted event hubs. */
function indexOf(events: readonly ReceivedEvent[], sequenceNumber: number): number {
  const guess = sequenceNumber - (events[0]?.sequenceNumber ?? 0)
  if (events[guess]?.sequenceNumber === sequenceNumber) return guess
  return events.findIndex((event) => event.sequenceNumber >= sequenceNumber)
}
