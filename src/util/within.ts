import { type Clock, systemClock } from './clock.js'

/**
 * True when some work was done in time. Rejects as the work does, while it is waited for; later it may do as it likes.
 */
export async function isWithin(work: Promise<unknown>, ms: number, clock: Clock = systemClock): Promise<boolean> {
  const done = work.then(() => true)
  if (ms === Number.POSITIVE_INFINITY) return done
  done.catch(() => undefined)
  const over = new AbortController()
  try {
    return await Promise.race([done, clock.wait(ms, over.signal).then(() => false)])
  } finally {
    over.abort()
  }
}
