/**
 * Tells how long a record of the store has not been touched, by this process's own monotonic clock: the time since its
 * present version was first seen, as far as this process has looked. Clocks of two machines are never compared.
 */
export interface RecordWatch {
  /** Notes the version seen now; returns for how many ms it has been the same. */
  idleFor(key: string, etag: string | undefined): number
}

/**
 * Creates a watch that counts no more than `longestGap` ms between two looks. What happened in a longer gap nobody
 * knows: where the store was away, its members could not touch their records either, and are to have the time to do it.
 */
export function createRecordWatch(longestGap: number, now: () => number = () => performance.now()): RecordWatch {
  const seen = new Map<string, { etag: string | undefined; idle: number; at: number }>()
  return {
    idleFor(key, etag) {
      const at = now()
      const known = seen.get(key)
      const idle = known && known.etag === etag ? known.idle + Math.min(at - known.at, longestGap) : 0
      seen.set(key, { etag, idle, at })
      return idle
    },
  }
}
