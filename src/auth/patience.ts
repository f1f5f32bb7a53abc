import type { RetrySettings } from '../retry/retry.js'
import { createRetryBudget } from '../retry/retry-budget.js'
import type { Logger } from '../types/index.js'
import { wait } from '../util/wait.js'

/** How long a source of secrets that fails is asked again, over all that ask it in turn. */
export interface Patience {
  /**
   * Resolves when the source is to be asked again. Rejects with the error when it is not: after the second failure of a
   * source that has never given anything, and after that of one that has when the retries are used up.
   *
   * @param failures - those in this row of attempts, this one included
   */
  after(error: Error, failures: number): Promise<void>
  /** The source has given something. */
  satisfied(): void
}

export interface PatienceOptions {
  readonly retry: RetrySettings
  readonly logger: Logger
  /** Name of what is asked for, for the log. */
  readonly what: string
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/** Before the first repetition, ms: most failures are gone with it. */
const FIRST_PAUSE_MS = 100

export function createPatience({ retry, logger, what, signal }: PatienceOptions): Patience {
  const budget = createRetryBudget(retry)
  let answers = 0

  const pauseAfter = (error: Error, failures: number): number => {
    if (failures === 1) return FIRST_PAUSE_MS
    // A wrong configuration is told at once. What has worked comes back, as a rule.
    if (answers === 0) throw error
    try {
      return budget.take(error, String(answers))
    } catch {
      throw error
    }
  }

  return {
    async after(error, failures) {
      const retryTime = pauseAfter(error, failures)
      logger.warn(`Asking for a ${what} again: ${error.message}`, { retryCount: failures - 1, retryTime })
      await wait(retryTime, signal)
      if (signal.aborted) throw error
    },

    satisfied() {
      answers++
    },
  }
}
