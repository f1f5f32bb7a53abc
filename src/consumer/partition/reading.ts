import { protocolTypeOf } from '../../errors/index.js'
import { wait } from '../../util/wait.js'
import type { PartitionContext } from './context.js'
import { handleChunk } from './handling.js'
import { waitWhilePaused } from './paused-wait.js'
import type { Positioning } from './positioning.js'
import type { Failure } from './recovery.js'
import { createRepositioning } from './repositioning.js'
import type { PartitionStatus } from './status.js'
import { type Chunk, createPartitionStream, type PartitionStream } from './stream.js'

/** A partition being read from a position on, and its events handled. */
export interface Reading {
  /** The number of links that have come to work so far. */
  readonly links: number
  /** The Event Hubs consumer group that the last link was opened with. */
  readonly consumerGroup: string
  /** Reads until the partition ends, or what is returned; rejects with what kept it from being read. */
  readOn(): Promise<Failure | undefined>
  /** Goes on where the partition begins or ends. */
  reset(): Promise<void>
  /** Looks again at what has changed. */
  interrupt(): void
  /** Gives up the link. */
  suspend(): Promise<void>
  /** The place it has come to, and the link at the moment. */
  diagnostics(): Pick<PartitionStream, 'position' | 'link' | 'links'> & { readonly end: number | undefined }
}

export interface ReadingOptions {
  readonly context: PartitionContext
  readonly status: PartitionStatus
  readonly positioning: Positioning
  /** Next offset to read. */
  readonly position: number
  /** Events have come. */
  readonly onEvents: () => void
  /** The link is gone, and is opened again at once. */
  readonly onDropped: (error: Error) => void
}

/** A partition paused for longer gives up its link and what was prefetched, ms. */
const PAUSE_KEEPS_LINK_MS = 10_000

/** The wait before events that a handler has left as they were are handed to it again, ms. */
const UNRESOLVED_DELAY_MS = 10

export function createReading(options: ReadingOptions): Reading {
  const { context, status, positioning, onEvents, onDropped } = options
  const { fetching, handler, ownership } = context
  const { topic, partition, ended } = status

  const stream = createPartitionStream(
    {
      transport: fetching.transport,
      topic,
      partition,
      budget: fetching.budget,
      limits: fetching.limits,
      readingGroup: () => fetching.readingGroups.of(topic),
      onEnd(error) {
        // Whoever has taken the link may have taken the partition: nothing goes on until the store has been asked.
        if (protocolTypeOf(error) !== 'FENCED_INSTANCE_ID') return
        ownership.suspect(topic, partition)
        void status.awaitVerdict()
      },
      onDropped,
    },
    options.position,
  )

  const repositioning = createRepositioning({ context, status, positioning, stream })

  /** True where the gap before the first event read means that retention has removed what was to be read. */
  const isBehindRetention = async ({ first, events, position }: Chunk) =>
    first && events[0]?.sequenceNumber !== position && positioning.isRemoved(position)

  const sitOutPause = async () => {
    const mayWait = () => !status.seekPending() && status.ending === undefined
    const wasLong = await waitWhilePaused({
      isPaused: () => status.isPaused() && mayWait(),
      nextChange: status.nextChange,
      onLong: stream.suspend,
      patience: PAUSE_KEEPS_LINK_MS,
      ended,
    })
    // What was to be read next may have gone meanwhile; and what is produced from here on must not be taken for it.
    if (wasLong && mayWait() && (await positioning.isRemoved(stream.position))) await repositioning.reset()
  }

  const handle = async (chunk: Chunk): Promise<Failure | undefined> => {
    const release = await handler.slots.acquire(ended)
    if (!release) return undefined
    try {
      if (status.mayGoOn() && handler.isRunning()) await handleChunk({ context, status }, chunk)
    } catch (thrown) {
      return { of: 'handling', thrown }
    } finally {
      release()
      repositioning.advance()
    }
    if (stream.position === chunk.position) await wait(UNRESOLVED_DELAY_MS, ended)
    return undefined
  }

  /** Apart from the loop that calls it, which would keep the chunk in memory while it waits for the next. */
  const readChunk = async (): Promise<Failure | undefined> => {
    const chunk = await stream.take()
    if (chunk) onEvents()
    if (!chunk || !status.mayGoOn()) {
      if (status.ending === undefined && !status.isSurelyOurs()) await status.awaitVerdict()
    } else if (await isBehindRetention(chunk)) {
      await repositioning.reset()
    } else {
      await fetching.fetched()
      if (status.mayGoOn()) return handle(chunk)
    }
    return undefined
  }

  return {
    get links() {
      return stream.links
    },
    get consumerGroup() {
      return stream.consumerGroup
    },

    async readOn() {
      while (status.ending === undefined) {
        if (status.seekPending()) await repositioning.seek()
        if (status.isPaused()) {
          await sitOutPause()
          continue
        }
        const failure = await readChunk()
        if (failure) return failure
      }
      return undefined
    },

    reset: repositioning.reset,
    interrupt: stream.interrupt,
    suspend: stream.suspend,
    diagnostics() {
      const { position, link, links, lastEnqueued } = stream
      const ends = [positioning.end, lastEnqueued < 0 ? undefined : lastEnqueued + 1].filter((end) => end !== undefined)
      return { position, link, links, end: ends.length > 0 ? Math.max(...ends) : undefined }
    },
  }
}
