import type { ConsumerPartitionDiagnostics } from '../../types/diagnostics.js'
import { createDeferred } from '../../util/deferred.js'
import type { PartitionContext } from './context.js'
import { toDiagnostics } from './diagnostics.js'
import { commitLast } from './last-commit.js'
import { createPositioning } from './positioning.js'
import { createReading, type Reading } from './reading.js'
import { createRecovery, type Failure } from './recovery.js'
import { createPartitionStatus, type Ending } from './status.js'

/** The reading of one partition by this member, from how it came to it to how it ends. */
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
  /** The state of it at the moment. */
  diagnostics(): ConsumerPartitionDiagnostics
}

export interface PartitionWorkerOptions {
  readonly context: PartitionContext
  readonly topic: string
  readonly partition: number
  /** Next offset of the group; -1 latest, -2 earliest, undefined when it has none. */
  readonly committed: number | undefined
  /** A worker that had the partition before may still have its handler at work: handlers of a partition never overlap. */
  readonly after: Promise<void>
}

export function createPartitionWorker(options: PartitionWorkerOptions): PartitionWorker {
  const { context, topic, partition, committed, after } = options
  const { logger, progress } = context
  const { autoCommit, offsets } = progress
  const where = { topic, partition }
  const status = createPartitionStatus(context, topic, partition)
  const positioning = createPositioning(context, status)
  const positioned = createDeferred()
  const onceEnded = new Promise<void>((resolve) => {
    status.ended.addEventListener('abort', () => resolve(), { once: true })
  })
  let reading: Reading | undefined

  const recovery = createRecovery({
    context,
    status,
    progress: () => `${offsets.resolved(topic, partition)} ${reading?.links}`,
    consumerGroup: () => reading?.consumerGroup ?? '',
    wasOpen: () => (reading?.links ?? 0) > 0,
    async reset() {
      await reading?.reset()
      return reading !== undefined
    },
  })

  /** Commits first what could not be committed, before anything new. */
  const commitLeftover = async (): Promise<Failure | undefined> => {
    if (recovery.retryCount === 0 || !autoCommit) return undefined
    return offsets.commit(where).then(
      () => undefined,
      (thrown: unknown) => ({ of: 'handling', thrown }),
    )
  }

  const open = async (): Promise<Reading> => {
    const position = await positioning.start(committed)
    return createReading({
      context,
      status,
      positioning,
      position,
      onEvents: recovery.reading,
      onDropped: recovery.dropped,
    })
  }

  const attempt = async (): Promise<Failure | undefined> => {
    try {
      const failure = await commitLeftover()
      if (failure) return failure
      reading ??= await open()
      positioned.resolve()
      await Promise.race([after, onceEnded])
      return await reading.readOn()
    } catch (thrown) {
      return { of: 'reading', thrown }
    }
  }

  /** Nobody waits for more events; and an abandoned handler's error is told by the log, another member has the message. */
  const isOver = ({ of }: Failure) => status.ending !== undefined && (of === 'reading' || status.isLost())

  const run = async () => {
    while (status.ending === undefined) {
      const failure = await attempt()
      if (failure && !isOver(failure)) await recovery.from(failure)
    }
  }

  const end = (how: Ending) => {
    status.end(how)
    reading?.interrupt()
    positioned.resolve()
  }

  const running = run().catch(context.fail)

  return {
    ...where,
    positioned: positioned.promise,
    ended: running,
    async finish() {
      end('finish')
      await running
      // The service may leave the link's farewell unanswered: the commit is not to wait for it.
      const farewell = reading?.suspend()
      try {
        await commitLast(context, status)
      } finally {
        await farewell
      }
    },
    abandon() {
      end('abandon')
      reading?.suspend().catch((error: Error) => logger.debug(`Could not close a link: ${error.message}`, where))
    },
    wake() {
      status.wake()
      reading?.interrupt()
    },
    diagnostics: () => toDiagnostics({ context, status, reading, recovery }),
  }
}
