import { soon, timerDelay } from './timers.js'

/**
 * Resolves after `ms`, or as soon as the signal aborts: waiting is never an error. No time passes where there is none to
 * wait for, also where a test has stopped the clock.
 */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  if (ms <= 0) return new Promise((resolve) => soon(resolve))
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, timerDelay(ms))
    signal?.addEventListener('abort', done, { once: true })
  })
}
