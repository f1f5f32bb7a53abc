import { createProtocolError } from '../../errors/protocol-errors.js'
import { createDeferred } from '../../util/deferred.js'
import { wait } from '../../util/wait.js'
import type { PartitionContext } from './context.js'

/** `finish`: the message at hand is finished and committed. `abandon`: another may be reading, nothing is committed. */
export type Ending = 'finish' | 'abandon'

/** The permissions of a partition at the moment: the one place where that is known. */
export interface PartitionStatus {
  readonly topic: string
  readonly partition: number
  readonly ending: Ending | undefined
  /** Aborted when the partition is to end. */
  readonly ended: AbortSignal
  /** Only `abandon` follows `finish`. */
  end(how: Ending): void
  /** Something that is looked at here has changed. */
  wake(): void
  nextChange(): Promise<void>
  isPaused(): boolean
  seekPending(): boolean
  /** The lease is fresh, and nothing tells of another owner. */
  isSurelyOurs(): boolean
  /** True while the handler may get another message of what has been fetched. */
  mayGoOn(): boolean
  /** Another member may be reading already: nothing is handed out, resolved or committed until the store has been asked. */
  isLost(): boolean
  /** Asks the store, once, about a lease that has run out, as it does while the process is blocked or frozen. */
  isKept(): Promise<boolean>
  /** Throws `REBALANCE_IN_PROGRESS` where it is not. */
  assertKept(): Promise<void>
  /** Asks the store whose the partition is, soon again if it does not say; never rejects. */
  awaitVerdict(): Promise<void>
}

/** The wait before the store is asked again for a lease that has run out, ms. */
const VERDICT_DELAY_MS = 500

/** A handler may ask again and again while the store is away, ms. */
const WARN_AGAIN_MS = 60_000

export function createPartitionStatus(context: PartitionContext, topic: string, partition: number): PartitionStatus {
  const { groupId, progress, ownership, logger } = context
  const ended = new AbortController()
  let ending: Ending | undefined
  let changed = createDeferred()
  let warnedAt = Number.NEGATIVE_INFINITY

  const isPaused = () => progress.pauses.isPaused(topic, partition)
  const seekPending = () => progress.seeks.has(topic, partition)
  const isSurelyOurs = () => ownership.holds(topic, partition) && !ownership.isSuspect(topic, partition)
  const isLost = () => ending === 'abandon' || !ownership.holds(topic, partition)

  const awaitVerdict = async () => {
    try {
      await ownership.verify(topic, partition)
    } catch (error) {
      logger.debug(`Could not make sure of a partition: ${(error as Error).message}`, { topic, partition })
      await Promise.race([changed.promise, wait(VERDICT_DELAY_MS, ended.signal)])
    }
  }

  const warn = () => {
    const now = performance.now()
    if (now - warnedAt < WARN_AGAIN_MS) return
    warnedAt = now
    const message = `A lease has run out while the handler was at work: the process was blocked, or the checkpoint store away, for longer than sessionTimeout`
    logger.warn(message, { groupId, topic, partition })
  }

  const isKept = async () => {
    if (isLost() && ending !== 'abandon') {
      warn()
      await awaitVerdict()
    }
    return !isLost()
  }

  return {
    topic,
    partition,
    get ending() {
      return ending
    },
    ended: ended.signal,
    end(how) {
      if (ending !== 'abandon') ending = how
      ended.abort()
      this.wake()
    },
    wake() {
      const before = changed
      changed = createDeferred()
      before.resolve()
    },
    nextChange: () => changed.promise,
    isPaused,
    seekPending,
    isSurelyOurs,
    mayGoOn: () => ending === undefined && !isPaused() && !seekPending() && isSurelyOurs(),
    isLost,
    isKept,
    async assertKept() {
      if (await isKept()) return
      throw createProtocolError('REBALANCE_IN_PROGRESS', {
        message: `The lease of partition ${partition} of ${topic} has run out, another member may be reading it: what is handled from here on may be handled twice`,
      })
    },
    awaitVerdict,
  }
}
