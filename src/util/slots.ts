/** A number of places, handed out first come, first served. */
export interface Slots {
  /** Resolves with a place's release function; with undefined when the signal aborts first. */
  acquire(signal?: AbortSignal): Promise<(() => void) | undefined>
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

  return {
    acquire(signal) {
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
    },
  }
}
