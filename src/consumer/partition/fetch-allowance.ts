/**
 * What all partitions of a consumer may be receiving at a time, in bytes. Only large events count: while one is put
 * together from its frames the AMQP library holds it twice, and partitions whose handlers end at the same moment would all
 * ask for the next one at once.
 */
export interface FetchAllowance {
  /** Resolves, first come first served, with the function that gives the bytes back. One is always let through. */
  take(bytes: number): Promise<() => void>
}

export function createFetchAllowance(limit: number): FetchAllowance {
  let taken = 0
  const waiting: { bytes: number; enter: () => void }[] = []

  const admit = () => {
    for (let next = waiting[0]; next && (taken === 0 || taken + next.bytes <= limit); next = waiting[0]) {
      waiting.shift()
      taken += next.bytes
      next.enter()
    }
  }

  return {
    take(bytes) {
      return new Promise((resolve) => {
        let isTaken = true
        const giveBack = () => {
          if (!isTaken) return
          isTaken = false
          taken -= bytes
          admit()
        }
        waiting.push({ bytes, enter: () => resolve(giveBack) })
        admit()
      })
    },
  }
}
