import type { EventChunk } from '../../eventhubs/transport.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { HeldEvents } from './held-events.js'
import { createStreamLink, type StreamLink, type StreamLinkOptions } from './stream-link.js'

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
  readonly link: StreamLink['state']
  /** The Event Hubs consumer group that the last link was opened with. */
  readonly consumerGroup: string
  /** Waits for events at the position. Undefined when interrupted. The same events come again until `advance`. */
  take(): Promise<Chunk | undefined>
  /** Ends a waiting `take`. */
  interrupt(): void
  /** Goes on at `next`: behind events that are done with, back to some that are to come again, or anywhere else. */
  advance(next: number): void
  /** Gives up the link and the events at hand; `take` opens it again. */
  suspend(): Promise<void>
}

/** The most events of a chunk that is not limited. */
const mostEventsOfChunk = 1000

export function createPartitionStream(options: StreamLinkOptions, start: number): PartitionStream {
  const most = options.limits?.maxBatchSize ?? mostEventsOfChunk
  let position = start
  let lastEnqueued = -1
  /** No events have come since the link was opened. */
  let first = true
  let held: HeldEvents | undefined
  let failure: Error | undefined
  let waiting: Deferred<void> | undefined
  let interrupted = false

  const wake = () => {
    waiting?.resolve()
    waiting = undefined
  }

  const isBehind = (event: ReceivedEvent | undefined) => event !== undefined && event.sequenceNumber < position

  const noteEnd = ({ events, lastEnqueued: last }: EventChunk) => {
    lastEnqueued = Math.max(lastEnqueued, last ?? -1, events.at(-1)?.sequenceNumber ?? -1)
  }

  const receive = (chunk: EventChunk) => {
    const { events: received } = chunk
    const events = isBehind(received[0]) ? received.filter((event) => !isBehind(event)) : received
    noteEnd(chunk)
    if (events.length === 0) return
    held = new HeldEvents(events, first)
    first = false
  }

  const link = createStreamLink(options, {
    onAnswer(chunk) {
      if (chunk) receive(chunk)
      wake()
    },
    onFailed(error) {
      failure = error
      wake()
    },
  })

  /** Events that the handler has left as they were come again, with those that have come meanwhile. */
  const growHeld = (some: HeldEvents) => {
    const more = link.more(most - some.size)
    if (!more) return
    some.add(more.events)
    noteEnd(more)
  }

  /** Ends the present link; the next is opened when it is gone. */
  const close = (): Promise<void> => {
    held = undefined
    return link.close()
  }

  return {
    get position() {
      return position
    },
    get lastEnqueued() {
      return lastEnqueued
    },
    get links() {
      return link.links
    },
    get link() {
      return link.state
    },
    get consumerGroup() {
      return link.consumerGroup
    },

    async take() {
      interrupted = false
      while (!interrupted) {
        if (held) {
          if (held.isTaken) growHeld(held)
          return { events: held.take(), position, first: held.first, lastEnqueued }
        }
        if (failure) {
          const error = failure
          failure = undefined
          throw error
        }
        if (!link.isThere) {
          await link.gone
          if (interrupted || link.isThere) continue
          first = true
          link.open(position)
        }
        link.ask()
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
      if (held?.goTo(next)) return
      if (held?.end === next) held = undefined
      else void close()
    },

    suspend: close,
  }
}
