/** Time as the group coordinator sees it; tests move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back once, unless the returned function is called before. */
  after(ms: number, step: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, step) {
    const timer = setTimeout(step, ms).unref()
    return () => clearTimeout(timer)
  },
}
