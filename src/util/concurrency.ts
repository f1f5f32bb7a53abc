/** So many calls at a time: a member renews a hundred leases in a moment, without a hundred connections. */
const CONCURRENCY = 16

export interface ConcurrencyOptions {
  /** When a call has failed no more begin: where one fails for lack of an answer all would, one after the other. */
  readonly stopsAtFailure?: boolean
}

/** The results in order. When calls fail the others still run to their ends, then it rejects with the first failure. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  operation: (item: T) => Promise<R>,
  { stopsAtFailure = false }: ConcurrencyOptions = {},
): Promise<R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length && !(stopsAtFailure && failures.length > 0)) {
      const index = next++
      try {
        results[index] = await operation(items[index] as T)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker))
  if (failures.length > 0) throw failures[0]
  return results
}
