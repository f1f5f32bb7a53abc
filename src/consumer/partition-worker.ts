import { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from '../errors.js'
import { createProtocolError } from '../protocol-errors.js'
import { createDeferred } from '../util/deferred.js'
import { firstRetryTime, isRetriable, nextRetryTime } from '../util/retry.js'
import { wait } from '../util/wait.js'
import { createFetchSizing } from './fetch-sizing.js'
import { type Handling, handleChunk } from './handling.js'
import { type Chunk, createPartitionStream, type PartitionStream } from './partition-stream.js'
import { fetchPositions } from './positions.js'
import type { RunContext } from './run-context.js'

/** How a partition came to be read by this member, and how it ends. */
export interface PartitionWorker {
  readonly topic: string
  readonly partition: number
  /** Resolves when the partition is read from a known position. */
  readonly positioned: Promise<void>
  /** Finishes the message at hand, commits, stops. Resolves when that is done. */
  finish(): Promise<void>
  /** Stops handing out messages and commits nothing more. Does not wait for the handler. */
  abandon(): void
  /** Looks again at what has changed: a pause, a seek. */
  wake(): void
}

type Ending = 'finish' | 'abandon'

/** A partition paused for longer gives up its link and what was prefetched, ms. */
const PAUSE_KEEPS_LINK_MS = 10_000

export function createPartitionWorker(
  context: RunContext,
  topic: string,
  partition: number,
  committed: number | undefined,
): PartitionWorker {
  const { transport, offsets, pauses, seeks, slots, group, logger, retry } = context
  const ended = new AbortController()
  const positioned = createDeferred()
  positioned.promise.catch(() => undefined) // Heard by the run, where it still matters.
  let ending: Ending | undefined
  let changed = createDeferred()
  let stream: PartitionStream | undefined
  let consumerGroup = ''
  const sizing = createFetchSizing({ budget: context.partitionBudget, ...context.fetchLimits })

  const where = { topic, partition }
  const isPaused = () => pauses.isPaused(topic, partition)
  const seekPending = () => seeks.has(topic, partition)
  /** Whether the handler may get another message of what has been fetched. */
  const mayGoOn = () => ending === undefined && !isPaused() && !seekPending() && group.holds(topic, partition)

  const open = (position: number) => {
    stream = createPartitionStream(
      {
        transport,
        topic,
        partition,
        sizing,
        readingGroup: () => {
          const group = context.readingGroups.of(topic)
          consumerGroup = group.consumerGroup
          return group
        },
      },
      position,
    )
    return stream
  }

  /** Where a consumer without a committed offset begins, and one whose offset the partition does not have. */
  const defaultPosition = async () => {
    const { earliest, latest } = await fetchPositions(transport, topic, partition)
    return context.fromBeginning(topic) ? earliest : latest
  }

  const start = async (): Promise<PartitionStream> => {
    if (committed !== undefined && committed >= 0) return open(committed)
    if (committed !== undefined) {
      const { earliest, latest } = await fetchPositions(transport, topic, partition)
      return open(committed === -2 ? earliest : latest)
    }
    const position = await defaultPosition()
    // Pinned, so that what is produced from now on is read by whoever has the partition next.
    if (context.autoCommit && !context.fromBeginning(topic)) await pin(position)
    return open(position)
  }

  const pin = async (position: number) => {
    if (!(await group.mayCommit(topic, partition))) return
    await offsets.commitExactly([{ ...where, offset: String(position) }], { silent: true })
  }

  const applySeek = async (open: PartitionStream) => {
    const target = seeks.get(topic, partition)
    if (target === undefined) return
    const position = target < 0 ? await logicalPosition(target) : target
    open.advance(position)
    offsets.resolve(topic, partition, position)
    seeks.applied(topic, partition, target)
    if (context.autoCommit) await pin(position)
  }

  const logicalPosition = async (offset: number) => {
    const { earliest, latest } = await fetchPositions(transport, topic, partition)
    return offset === -2 ? earliest : latest
  }

  const resetOutOfRange = async (open: PartitionStream) => {
    logger.error('Offset out of range, resetting to default offset', {
      ...where,
      groupId: context.groupId,
      memberId: group.memberId(),
      offset: String(open.position),
    })
    const position = await defaultPosition()
    open.advance(position)
    offsets.resolve(topic, partition, position)
    await pin(position)
  }

  /** Whether the gap before the first event read means that retention has removed what was to be read. */
  const isBehindRetention = async ({ first, events, position }: Chunk) => {
    if (!first || events[0]?.sequenceNumber === position) return false
    const { earliest } = await fetchPositions(transport, topic, partition)
    return position < earliest
  }

  const waitWhilePaused = async (open: PartitionStream) => {
    const since = performance.now()
    while (isPaused() && !seekPending() && ending === undefined) {
      const left = PAUSE_KEEPS_LINK_MS - (performance.now() - since)
      await Promise.race([changed.promise, ...(left > 0 ? [wait(left, ended.signal)] : [])])
      if (isPaused() && performance.now() - since >= PAUSE_KEEPS_LINK_MS) {
        await open.suspend()
        await changed.promise
      }
    }
  }

  const handling: Handling = {
    ...where,
    context,
    mayGoOn,
    seekPending,
    isEnding: () => ending !== undefined,
    isLost: () => ending === 'abandon' || !group.holds(topic, partition),
    async heartbeat() {
      if (handling.isLost()) {
        throw createProtocolError('REBALANCE_IN_PROGRESS', {
          message: `Partition ${partition} of ${topic} is read by another member now: what is handled from here on is handled twice`,
        })
      }
      await context.heartbeat()
    },
  }

  const readOn = async (open: PartitionStream) => {
    while (ending === undefined) {
      if (seekPending()) await applySeek(open)
      if (isPaused()) {
        await waitWhilePaused(open)
        continue
      }
      const chunk = await open.take()
      if (!chunk || !mayGoOn()) {
        if (ending === undefined && !group.holds(topic, partition)) await group.confirm()
        continue
      }
      if (await isBehindRetention(chunk)) {
        await resetOutOfRange(open)
        continue
      }
      context.fetched()
      const release = await slots.acquire(ended.signal)
      if (!release) return
      try {
        if (mayGoOn()) await handleChunk(handling, chunk)
      } finally {
        release()
        if (!seekPending()) open.advance(offsets.resolved(topic, partition) ?? open.position)
      }
    }
  }

  /** Errors of a link that need more than opening it again. True: dealt with. */
  const mended = async (error: Error, open: PartitionStream | undefined): Promise<boolean> => {
    const type = (error as { type?: string }).type
    if (type === 'OFFSET_OUT_OF_RANGE' && open) {
      await resetOutOfRange(open)
      return true
    }
    if (type === 'FENCED_LEADER_EPOCH' || type === 'FENCED_INSTANCE_ID') {
      await group.confirm()
      return false
    }
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'GROUP_ID_NOT_FOUND') {
      if (await context.topicExists(topic)) return context.readingGroups.notFound(topic, consumerGroup)
    }
    return false
  }

  const run = async () => {
    let retryCount = 0
    let retryTime = firstRetryTime(retry)
    let progress: number | undefined
    while (ending === undefined) {
      try {
        stream ??= await start()
        positioned.resolve()
        await readOn(stream)
      } catch (caught) {
        const error = caught as Error
        if (ending === 'abandon') return
        try {
          if (await mended(error, stream)) continue
        } catch (other) {
          return context.fail(other as Error)
        }
        if (!isRetriable(error)) return context.fail(asNonRetriable(error))
        const reached = offsets.resolved(topic, partition)
        if (reached !== progress) {
          progress = reached
          retryCount = 0
          retryTime = firstRetryTime(retry)
        }
        if (retryCount >= retry.retries) {
          return context.fail(new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime }))
        }
        retryCount++
        logger.debug(`Trying partition again in ${retryTime}ms: ${error.message}`, { ...where, retryCount, retryTime })
        await wait(retryTime, ended.signal)
        retryTime = nextRetryTime(retryTime, retry)
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
    topic,
    partition,
    positioned: positioned.promise,
    async finish() {
      end('finish')
      await running
      await stream?.suspend()
      if (context.autoCommit && ending === 'finish') await offsets.commit(where)
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

  const running = run()
  return worker
}

const asNonRetriable = (error: Error): Error =>
  error instanceof KafkaJSError ? error : new KafkaJSNonRetriableError(error, { cause: error })
