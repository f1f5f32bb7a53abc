/**
 * Tells how long a record of the store has not been touched, by this process's own monotonic clock: the time since its
 * present version was first seen. Clocks of two machines are never compared.
 */
export interface RecordWatch {
  /** Notes the version seen now; returns for how many ms it has been the same. */
  idleFor(key: string, etag: string | undefined): number
}

export function createRecordWatch(now: () => number = () => performance.now()): RecordWatch {
  const seen = new Map<string, { etag: string | undefined; since: number }>()
  return {
    idleFor(key, etag) {
      const known = seen.get(key)
      if (known && known.etag === etag) return now() - known.since
      seen.set(key, { etag, since: now() })
      return 0
    },
  }
}
