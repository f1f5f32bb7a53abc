import { timerDelay } from './timers.js'
import { wait } from './wait.js'

/** Time as a seam: a test moves it instead of sleeping. */
export interface Clock {
  /** Monotonic, ms. */
  now(): number
  /** Runs something after `ms`; the result calls it off. */
  after(ms: number, run: () => void): () => void
  /** Resolves after `ms`, or as soon as the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** The time that passes. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, timerDelay(ms))
    return () => clearTimeout(timer)
  },
  wait,
}
