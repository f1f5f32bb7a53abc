/** The newest producer of each transactional id in this process: over AMQP nobody else could know. */
const holders = new Map<string, object>()

/** One producer's claim to a transactional id. */
export interface TransactionFence {
  /** Takes the id from whoever has it. */
  claim(): void
  /** A newer producer has taken it. */
  readonly isFenced: boolean
  /** Gives the id up, if it is still held. */
  release(): void
}

export function createTransactionFence(key: string): TransactionFence {
  const holder = {}
  let hasClaimed = false
  return {
    claim() {
      holders.set(key, holder)
      hasClaimed = true
    },
    get isFenced() {
      return hasClaimed && holders.has(key) && holders.get(key) !== holder
    },
    release() {
      if (holders.get(key) === holder) holders.delete(key)
    },
  }
}
