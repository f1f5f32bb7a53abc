import { isKafkaJSError, KafkaJSError, KafkaJSNonRetriableError } from '../../errors/index.js'
import { createProtocolError } from '../../errors/protocol-errors.js'
import { isRetriable, retry } from '../../retry/retry.js'
import { createRetryBudget } from '../../retry/retry-budget.js'
import { createDeferred } from '../../util/deferred.js'
import { wait } from '../../util/wait.js'
import type { RunContext } from '../run/run-context.js'
import { createFetchSizing } from './fetch-sizing.js'
import { type Handling, handleChunk } from './handling.js'
import { isLinkTrouble, mendLink } from './link-trouble.js'
import { waitWhilePaused } from './paused-wait.js'
import { createPositioning } from './positioning.js'
import { type Chunk, createPartitionStream, type PartitionStream } from './stream.js'

/** How a partition came to be read by this member, and how it ends. */
export interface PartitionWorker {
  readonly topic: string
  readonly partition: number
  /** Resolves when the partition is read from a known position. */
  readonly positioned: Promise<void>
  /** Resolves when the worker has come to its end and no handler of its runs any more. */
  readonly ended: Promise<void>
  /** Finishes the message at hand, commits, stops. Resolves when that is done. */
  finish(): Promise<void>
  /** Stops handing out messages and commits nothing more. Does not wait for the handler. */
  abandon(): void
  /** Looks again at what has changed: a pause, a seek. */
  wake(): void
}

export interface PartitionWorkerOptions {
  readonly context: RunContext
  readonly topic: string
  readonly partition: number
  /** Next offset of the group; -1 latest, -2 earliest, undefined when it has none. */
  readonly committed: number | undefined
  /** A worker that had the partition before may still have its handler at work: handlers of a partition never overlap. */
  readonly after: Promise<void>
}

type Ending = 'finish' | 'abandon'

/** A partition paused for longer gives up its link and what was prefetched, ms. */
const PAUSE_KEEPS_LINK_MS = 10_000

/** How often the last commit of a partition is tried again: someone waits for the partition. */
const LAST_COMMIT_RETRIES = 2

/** How soon events that a handler has left as they were are handed to it again, ms. */
const UNRESOLVED_DELAY_MS = 10

/** How soon the store is asked again for a lease that has run out, ms. */
const VERDICT_DELAY_MS = 500

export function createPartitionWorker(options: PartitionWorkerOptions): PartitionWorker {
  const { context, topic, partition } = options
  const { offsets, pauses, seeks, slots, group, logger } = context
  const where = { topic, partition }
  const ended = new AbortController()
  const onceEnded = new Promise<void>((resolve) => {
    ended.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const positioned = createDeferred()
  const positioning = createPositioning(context, topic, partition)
  const sizing = createFetchSizing({ budget: context.partitionBudget, ...context.fetchLimits })
  const budget = createRetryBudget(context.retry)
  let ending: Ending | undefined
  let changed = createDeferred()
  let stream: PartitionStream | undefined
  let consumerGroup = ''
  /** The last error that came while the handler had events, rather than from the service. */
  let handlingError: unknown

  const isPaused = () => pauses.isPaused(topic, partition)
  const seekPending = () => seeks.has(topic, partition)
  const isSurelyOurs = () => group.holds(topic, partition) && !group.isDoubted(topic, partition)
  /** Whether the handler may get another message of what has been fetched. */
  const mayGoOn = () => ending === undefined && !isPaused() && !seekPending() && isSurelyOurs()

  const open = (position: number) =>
    createPartitionStream(
      {
        transport: context.transport,
        topic,
        partition,
        sizing,
        allowance: context.allowance,
        readingGroup() {
          const chosen = context.readingGroups.of(topic)
          consumerGroup = chosen.consumerGroup
          return chosen
        },
        onEnd(error) {
          // Whoever has taken the link may have taken the partition: nothing goes on until the store has been asked.
          if (!isFenced(error)) return
          group.doubt(topic, partition)
          void awaitVerdict()
        },
      },
      position,
    )

  const goOnAt = (open: PartitionStream, position: number) => {
    offsets.resolve(topic, partition, position)
    open.advance(position)
  }

  const applySeek = async (open: PartitionStream) => {
    const target = seeks.get(topic, partition)
    if (target === undefined) return
    const position = await positioning.seek(target)
    if (seeks.get(topic, partition) !== target) return
    goOnAt(open, position)
    seeks.applied(topic, partition, target)
  }

  const reset = async (open: PartitionStream) => goOnAt(open, await positioning.reset(open.position))

  /** Whether the gap before the first event read means that retention has removed what was to be read. */
  const isBehindRetention = async ({ first, events, position }: Chunk) =>
    first && events[0]?.sequenceNumber !== position && positioning.isRemoved(position)

  const sitOutPause = async (open: PartitionStream) => {
    const wasLong = await waitWhilePaused({
      isPaused: () => isPaused() && !seekPending() && ending === undefined,
      nextChange: () => changed.promise,
      onLong: open.suspend,
      patience: PAUSE_KEEPS_LINK_MS,
      ended: ended.signal,
    })
    // What was to be read next may have gone meanwhile; and what is produced from here on must not be taken for it.
    if (wasLong && !seekPending() && ending === undefined && (await positioning.isRemoved(open.position))) {
      await reset(open)
    }
  }

  const handling: Handling = {
    ...where,
    context,
    mayGoOn,
    seekPending,
    isEnding: () => ending !== undefined,
    isLost: () => ending === 'abandon' || !group.holds(topic, partition),
    assertNotLost() {
      if (!handling.isLost()) return
      throw createProtocolError('REBALANCE_IN_PROGRESS', {
        message: `Partition ${partition} of ${topic} is read by another member now: what is handled from here on is handled twice`,
      })
    },
    async heartbeat() {
      handling.assertNotLost()
      await context.heartbeat()
    },
  }

  /** Nothing is handed out until the store has said whose the partition is. */
  const awaitVerdict = async () => {
    try {
      await group.verify(topic, partition)
    } catch (error) {
      logger.debug(`Could not make sure of a partition: ${(error as Error).message}`, where)
      await Promise.race([changed.promise, wait(VERDICT_DELAY_MS, ended.signal)])
    }
  }

  const handle = async (open: PartitionStream, chunk: Chunk) => {
    const release = await slots.acquire(ended.signal)
    if (!release) return
    try {
      if (mayGoOn()) await handleChunk(handling, chunk)
    } catch (error) {
      handlingError = error
      throw error
    } finally {
      release()
      if (!seekPending()) open.advance(offsets.resolved(topic, partition) ?? open.position)
    }
    if (open.position === chunk.position) await wait(UNRESOLVED_DELAY_MS, ended.signal)
  }

  const readOn = async (open: PartitionStream) => {
    while (ending === undefined) {
      if (seekPending()) await applySeek(open)
      if (isPaused()) {
        await sitOutPause(open)
        continue
      }
      const chunk = await open.take()
      if (!chunk || !mayGoOn()) {
        if (ending === undefined && !isSurelyOurs()) await awaitVerdict()
      } else if (await isBehindRetention(chunk)) {
        await reset(open)
      } else {
        await context.fetched()
        if (mayGoOn()) await handle(open, chunk)
      }
    }
  }

  /** True: what ended the link has been dealt with. */
  const mend = async (error: Error): Promise<boolean> => {
    if (typeOf(error) === 'OFFSET_OUT_OF_RANGE' && stream) {
      await reset(stream)
      return true
    }
    return mendLink(error, { context, topic, partition, consumerGroup, ended: ended.signal })
  }

  const attempt = async () => {
    // What could not be committed comes before anything new.
    if (budget.retryCount > 0 && context.autoCommit) await offsets.commit(where)
    stream ??= open(await positioning.start(options.committed))
    positioned.resolve()
    await Promise.race([options.after, onceEnded])
    await readOn(stream)
  }

  const recover = async (caught: unknown) => {
    let error = toError(caught)
    const progress = () => `${offsets.resolved(topic, partition)} ${stream?.links}`
    let passes = isRetriable(error)
    if (caught !== handlingError) {
      try {
        if ((await mend(error)) && budget.takeMended(progress())) return
        passes ||= isLinkTrouble(error)
      } catch (failure) {
        error = toError(failure)
        passes = isRetriable(error)
      }
    }
    if (ending === 'abandon') return
    if (!passes) throw asNonRetriable(error)
    const delay = budget.take(error, progress())
    logger.debug(`Trying partition again in ${delay}ms: ${error.message}`, { ...where, retryTime: delay })
    await wait(delay, ended.signal)
  }

  const run = async () => {
    while (ending === undefined) {
      try {
        await attempt()
      } catch (error) {
        // An abandoned handler's error is told by the log; another member has the message.
        if (handling.isLost() && ending !== undefined) return
        await recover(error)
      }
    }
  }

  const end = (how: Ending) => {
    if (ending === 'abandon') return
    ending = how
    ended.abort()
    worker.wake()
    stream?.interrupt()
    positioned.resolve()
  }

  const worker: PartitionWorker = {
    ...where,
    positioned: positioned.promise,
    get ended() {
      return running
    },
    async finish() {
      end('finish')
      await running
      await stream?.suspend()
      if (!context.autoCommit) return
      const settings = { ...context.retry, retries: Math.min(LAST_COMMIT_RETRIES, context.retry.retries) }
      await retry(async () => ending === 'finish' && offsets.commit(where), settings)
    },
    abandon() {
      end('abandon')
      stream?.suspend().catch((error: Error) => logger.debug(`Could not close a link: ${error.message}`, where))
    },
    wake() {
      const before = changed
      changed = createDeferred()
      before.resolve()
      stream?.interrupt()
    },
  }

  const running = run().catch(context.fail)
  return worker
}

const typeOf = (error: Error) => (error as { type?: string }).type
const isFenced = (error: Error) => typeOf(error) === 'FENCED_INSTANCE_ID'

/** Handlers may throw anything. */
const toError = (caught: unknown): Error => (caught instanceof Error ? caught : new KafkaJSError(String(caught)))

/** As kafkajs has it: what a codec lacks crashes as it is, all else as non-retriable with a cause. */
function asNonRetriable(error: Error): Error {
  if (isKafkaJSError(error) && ['KafkaJSNotImplemented', 'KafkaJSNonRetriableError'].includes(error.name)) return error
  return new KafkaJSNonRetriableError(error, { cause: error })
}
