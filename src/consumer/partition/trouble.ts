import type { RetrySettings } from '../../retry/retry.js'
import { createRetryBudget } from '../../retry/retry-budget.js'
import type { Logger } from '../../types/index.js'

/**
 * The cause that keeps a partition from being read, as long as it does: tried again for as long as the group has the
 * partition, told at once and then once a minute at most.
 */
export interface Trouble {
  /**
   * Notes a failure and returns how long to wait before the next attempt, ms.
   *
   * @param progress - what has been reached; another value than at the failure before begins with short waits again
   */
  met(error: Error, progress: string, options: { mended: boolean }): number
  /** The partition is read. */
  over(): void
  /** Notes that an open link is gone, which is ordinary: it is opened again at once. */
  dropped(error: Error): void
}

export interface TroubleOptions {
  readonly retry: RetrySettings
  readonly logger: Logger
  readonly topic: string
  readonly partition: number
  readonly now?: () => number
}

/** The longest wait of a partition between two attempts, ms: an attempt costs one frame, the wait costs delay. */
const LONGEST_WAIT_MS = 5000

/** The time between two complaints about the same partition, ms. */
const TELLING_INTERVAL_MS = 60_000

export function createTrouble(options: TroubleOptions): Trouble {
  const { retry, logger, topic, partition, now = () => performance.now() } = options
  const attempts = createRetryBudget({
    ...retry,
    retries: Number.POSITIVE_INFINITY,
    maxRetryTime: Math.min(retry.maxRetryTime, LONGEST_WAIT_MS),
  })
  let toldAt = Number.NEGATIVE_INFINITY
  let droppedToldAt = Number.NEGATIVE_INFINITY
  /** A warning stands that has not been taken back. */
  let warned = false

  return {
    met(error, progress, { mended }) {
      if (mended && attempts.takeMended(progress)) return 0
      const { retryCount } = attempts
      const retryTime = attempts.take(error, progress)
      const text = `Could not read the partition, trying again: ${error.message}`
      const details = { topic, partition, retryCount, retryTime }
      if (now() - toldAt < TELLING_INTERVAL_MS) {
        logger.debug(text, details)
        return retryTime
      }
      toldAt = now()
      warned = true
      logger.warn(text, details)
      return retryTime
    },

    over() {
      if (!warned) return
      warned = false
      logger.info('The partition is read again', { topic, partition })
    },

    dropped({ message }) {
      const text = `The link is gone, and is opened again: ${message}`
      if (now() - droppedToldAt < TELLING_INTERVAL_MS) return logger.debug(text, { topic, partition })
      droppedToldAt = now()
      logger.info(text, { topic, partition })
    },
  }
}
