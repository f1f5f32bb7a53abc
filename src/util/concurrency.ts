import { createSlots } from './slots.js'

/** So many calls at a time: a member renews a hundred leases in a moment, without a hundred connections. */
const CONCURRENCY = 16

/** Places for calls that come from many at once, each by itself. */
export const createPlaces = () => createSlots(CONCURRENCY)

export interface ConcurrencyOptions {
  /** When a call has failed no more begin: where one fails for lack of an answer all would, one after the other. */
  readonly stopsAtFailure?: boolean
}

/**
 * The results in order. When calls fail the others still run to their ends, then it rejects with what one call after the
 * other would have met first.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  operation: (item: T) => Promise<R>,
  { stopsAtFailure = false }: ConcurrencyOptions = {},
): Promise<R[]> {
  const results: R[] = []
  /** The errors by the index of their item. */
  const failures = new Map<number, unknown>()
  let next = 0
  const worker = async () => {
    while (next < items.length && !(stopsAtFailure && failures.size > 0)) {
      const index = next++
      try {
        results[index] = await operation(items[index] as T)
      } catch (error) {
        failures.set(index, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker))
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()))
  return results
}
