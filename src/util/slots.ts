/** A number of places, handed out first come, first served. */
export interface Slots {
  /** Resolves with a place's release function; with undefined when the signal aborts first. */
  acquire(signal?: AbortSignal): Promise<(() => void) | undefined>
  /** Runs an operation in a place, when there is one. Rejects when the signal aborts first. */
  run<T>(operation: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

export function createSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []

  const release = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  const once = () => {
    let released = false
    return () => {
      if (released) return
      released = true
      release()
    }
  }

  const acquire: Slots['acquire'] = (signal) => {
    if (signal?.aborted) return Promise.resolve(undefined)
    if (free > 0) {
      free--
      return Promise.resolve(once())
    }
    return new Promise((resolve) => {
      const onAbort = () => {
        waiting.splice(waiting.indexOf(enter), 1)
        resolve(undefined)
      }
      const enter = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve(once())
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      waiting.push(enter)
    })
  }

  return {
    acquire,
    async run(operation, signal) {
      const release = await acquire(signal)
      if (!release) throw signal?.reason
      try {
        return await operation()
      } finally {
        release()
      }
    },
  }
}
