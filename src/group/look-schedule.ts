import { toError } from '../errors/thrown.js'
import { isRetriable } from '../retry/retry.js'
import type { Logger } from '../types/index.js'
import type { Clock } from '../util/clock.js'

/** The group is not looked at more often than this, whatever `heartbeatInterval` says, ms. */
const SHORTEST_INTERVAL_MS = 100

/** The time between two looks at the group while partitions assigned to this member are still with another, ms. */
const FIRST_RETRY_MS = 150

/** The longest time to the next look after one that failed, ms. */
const PAUSE_MS = 1000

/** The next look at the group: one at a time is waited for, the one that was asked for last. */
export interface LookSchedule {
  /** Looks now. */
  nudge(): void
  /** Everything is held: looks at the interval, or when somebody's time is up, in ms. */
  onSettled(nextExpiry: number): void
  /** Something is still with others: looks soon, then less and less often. */
  onMissing(): void
  /** Others may be about to give something up, or have: begins with short waits again. */
  onProgress(): void
  /** No more looks; what fails from now on is not told. */
  stop(): void
}

export interface LookScheduleOptions {
  readonly groupId: string
  /** ms */
  readonly heartbeatInterval: number
  /** Looks at the group, and tells the schedule what it found. */
  look(): Promise<void>
  /** A look has failed for good. One that may pass is tried again. */
  onFailed(error: Error): void
  readonly logger: Logger
  readonly clock: Clock
}

export function createLookSchedule(options: LookScheduleOptions): LookSchedule {
  const { groupId, look, onFailed, logger, clock } = options
  const interval = Math.max(SHORTEST_INTERVAL_MS, options.heartbeatInterval)
  let retryDelay = FIRST_RETRY_MS
  let cancel = () => {}
  let isStopped = false

  const schedule = (delay: number): void => {
    if (isStopped) return
    cancel()
    cancel = clock.after(delay, () => {
      look().catch((thrown: unknown) => {
        if (isStopped) return
        const error = toError(thrown)
        if (!isRetriable(error)) return onFailed(error)
        logger.warn(`Could not look at the group, trying again: ${error.message}`, { groupId })
        schedule(Math.min(PAUSE_MS, interval))
      })
    })
  }

  return {
    nudge: () => schedule(0),
    onSettled: (nextExpiry) => schedule(Math.min(interval, Math.max(FIRST_RETRY_MS, nextExpiry))),
    onMissing() {
      schedule(Math.min(retryDelay, interval))
      retryDelay = Math.min(retryDelay * 1.5, interval)
    },
    onProgress() {
      retryDelay = FIRST_RETRY_MS
    },
    stop() {
      isStopped = true
      cancel()
    },
  }
}
