import type { RetrySettings } from '../retry/retry.js'
import { createRetryBudget } from '../retry/retry-budget.js'

/** How long a provider is asked for other credentials, where the service refuses what it gave. */
export interface Refusals {
  /** True when the last refusal was the end of it: nothing better is to be expected. */
  readonly isFinal: boolean
  /** Notes that the service has taken a credential. */
  over(): void
  /**
   * Notes a refusal and returns how long to wait before the provider is asked for another credential, ms: not at all after
   * the first, for the key was rotated as a rule. Undefined: it is not asked, for nothing of it has ever been taken, or
   * the retries are used up.
   */
  met(error: Error): number | undefined
}

/** @param isFixed - the provider gives the same whenever it is asked */
export function createRefusals(retry: RetrySettings, isFixed: boolean): Refusals {
  const budget = createRetryBudget(retry)
  let taken = 0
  let isRefused = false
  let isFinal = false

  const pauseAfter = (error: Error): number | undefined => {
    if (taken === 0 || isFixed) return undefined
    if (!isRefused) return 0
    try {
      return budget.take(error, String(taken))
    } catch {
      return undefined
    }
  }

  return {
    get isFinal() {
      return isFinal
    },
    over() {
      taken++
      isRefused = false
      isFinal = false
    },
    met(error) {
      const pause = pauseAfter(error)
      isRefused = true
      isFinal = pause === undefined
      return pause
    },
  }
}
