import { setTimeout as sleep } from 'node:timers/promises'
import { scaled } from './pace.js'

/**
 * Calls `condition` until it neither throws nor rejects nor is false, and gives its value. Rejects with what it failed with
 * last when `timeout` (milliseconds, default 10,000, more on a busy machine) is over.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeout = 10_000, interval = 20 }: { timeout?: number; interval?: number } = {},
): Promise<Exclude<T, false>> {
  const begun = performance.now()
  for (;;) {
    let failure: unknown
    try {
      const value = await condition()
      if (value !== false) return value as Exclude<T, false>
      failure = new Error(`The condition stayed false for ${timeout} ms: ${condition}`)
    } catch (error) {
      failure = error
    }
    if (performance.now() - begun >= scaled(timeout)) throw failure
    await sleep(interval)
  }
}
