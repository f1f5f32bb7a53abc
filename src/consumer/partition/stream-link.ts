import type { KafkaJSError } from '../../errors/index.js'
import type { EventChunk, EventHubsTransport, PartitionReader } from '../../eventhubs/transport.js'
import type { ReadingGroup } from '../../group/reading-groups.js'

export interface StreamLinkOptions {
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

/** The one who asks the link for events. */
export interface StreamLinkListener {
  /** The events that were asked for; undefined where the link has ended instead: it is to be asked again. */
  onAnswer(chunk: EventChunk | undefined): void
  /** The link could not be opened, or has ended for good. */
  onFailed(error: KafkaJSError): void
}

/** The link that a stream reads by, one after the other; what one that is no longer the present one says is not heard. */
export interface StreamLink {
  /** There is one; it may be on its way, or have ended without anybody knowing yet. */
  readonly isThere: boolean
  /** The present link. */
  readonly state: 'closed' | 'opening' | 'open'
  /** The number of links that have come to work so far. */
  readonly links: number
  /** The Event Hubs consumer group that the last one was opened with. */
  readonly consumerGroup: string
  /** Resolves when the one before is gone; never rejects. */
  readonly gone: Promise<void>
  open(position: number): void
  /** Asks for what comes next, unless it has been asked. */
  ask(): void
  /** Events that have come already, so many at most; none while they are asked for. */
  more(most: number): EventChunk | undefined
  /** Ends the present link. Resolves when it is gone; never rejects. */
  close(): Promise<void>
}

export function createStreamLink(options: StreamLinkOptions, listener: StreamLinkListener): StreamLink {
  const { transport, topic, partition, budget, limits, readingGroup } = options
  let reader: PartitionReader | undefined
  let isAsked = false
  /** The link has been accepted: its end is an ordinary disconnect. */
  let proven = false
  let links = 0
  let consumerGroup = ''
  let gone: Promise<void> = Promise.resolve()

  return {
    get isThere() {
      return reader !== undefined
    },
    get state() {
      const { state } = reader ?? {}
      return state === 'opening' || state === 'open' ? state : 'closed'
    },
    get links() {
      return links
    },
    get consumerGroup() {
      return consumerGroup
    },
    get gone() {
      return gone
    },

    open(position) {
      proven = false
      isAsked = false
      const group = readingGroup()
      consumerGroup = group.consumerGroup
      const opened = transport.openReader({
        eventHubName: topic,
        ...group,
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
    },

    ask() {
      const asked = reader
      if (!asked || isAsked) return
      isAsked = true
      asked.next().then(
        (chunk) => {
          if (reader !== asked) return
          isAsked = false
          listener.onAnswer(chunk)
        },
        (error: KafkaJSError) => {
          if (reader !== asked) return
          reader = undefined
          if (!proven || error.retriable === false) return listener.onFailed(error)
          options.onDropped(error)
          listener.onAnswer(undefined)
        },
      )
    },

    more: (most) => (isAsked ? undefined : reader?.more(most)),

    close() {
      const ending = reader?.close()
      reader = undefined
      // The transport logs what went wrong; a link that can't be closed in order is gone as well.
      if (ending) gone = ending.catch(() => undefined)
      return gone
    },
  }
}
