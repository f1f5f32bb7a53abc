/**
 * Concurrent calls share one run; the call after it has settled starts a new one. What makes `stop()` and
 * `disconnect()` repeatable.
 */
export function share<T>(operation: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= operation().finally(() => {
      running = undefined
    })
    return running
  }
}

/** Like {@link share}, but a success is kept until `reset()`; only a failure lets the next call try again. */
export function shareSuccess<T>(operation: () => Promise<T>): { (): Promise<T>; reset(): void } {
  let kept: Promise<T> | undefined
  const call = () => {
    if (!kept) {
      const attempt = operation()
      kept = attempt
      attempt.catch(() => {
        if (kept === attempt) kept = undefined
      })
    }
    return kept
  }
  return Object.assign(call, {
    reset() {
      kept = undefined
    },
  })
}
