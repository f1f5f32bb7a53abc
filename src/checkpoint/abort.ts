import type { CheckpointStore, CheckpointStoreOptions } from '../types/checkpoint-store.js'

/** The calls of a store, each of which takes its options last. */
type Calls = Record<string, (...given: unknown[]) => Promise<unknown>>

/**
 * A store whose calls end with an `AbortError` as soon as their `abortSignal` says so: before they begin, in the middle, and
 * when all was done just before. What a call had begun to write may be written, as with a request to a service.
 */
export function endingOnAbort<Store extends CheckpointStore>(store: Store): Store {
  const calls = Object.entries(store as unknown as Calls).map(([name, call]) => [
    name,
    (...given: unknown[]) =>
      untilAborted((given[call.length - 1] as CheckpointStoreOptions | undefined)?.abortSignal, () => call(...given)),
  ])
  return Object.fromEntries(calls)
}

async function untilAborted<T>(signal: AbortSignal | undefined, operation: () => Promise<T>): Promise<T> {
  if (!signal) return operation()
  const aborted = () => new DOMException('The operation was aborted', 'AbortError')
  if (signal.aborted) throw aborted()
  let onAbort: (() => void) | undefined
  try {
    const value = await Promise.race([
      operation(),
      new Promise<never>((_, reject) => {
        onAbort = () => reject(aborted())
        signal.addEventListener('abort', onAbort, { once: true })
      }),
    ])
    if (signal.aborted) throw aborted()
    return value
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort)
  }
}
