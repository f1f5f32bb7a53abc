import { KafkaJSNumberOfRetriesExceeded } from '../errors/index.js'
import { firstRetryTime, nextRetryTime, type RetrySettings } from './retry.js'

/** The retries of one partition; unlike in kafkajs, where they are counted until the consumer rejoins, progress renews them. */
export interface RetryBudget {
  /**
   * Takes a retry; returns how long to wait first, ms. Throws `KafkaJSNumberOfRetriesExceeded` when all are used up.
   *
   * @param progress - what has been reached; another value than at the failure before is progress
   */
  take(error: Error, progress: string): number
  readonly retryCount: number
  /** True for the first few failures without progress that something has been done about: they are not waited for. */
  takeMended(progress: string): boolean
}

/** The times a mended failure is tried again at once: what was mended twice in vain is not mended. */
const MENDS = 2

export function createRetryBudget(settings: RetrySettings): RetryBudget {
  let retryCount = 0
  let retryTime = firstRetryTime(settings)
  let mends = 0
  let reached: string | undefined

  const note = (progress: string) => {
    if (progress === reached) return
    reached = progress
    retryCount = 0
    retryTime = firstRetryTime(settings)
    mends = 0
  }

  return {
    get retryCount() {
      return retryCount
    },

    take(error, progress) {
      note(progress)
      if (retryCount >= settings.retries) throw new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime })
      const delay = retryTime
      retryCount++
      retryTime = nextRetryTime(retryTime, settings)
      return delay
    },

    takeMended(progress) {
      note(progress)
      return mends++ < MENDS
    },
  }
}
