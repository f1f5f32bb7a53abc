import { createDeferred } from '../../util/deferred.js'
import { isWithin } from '../../util/within.js'
import type { RunOptions } from './types.js'

/** The first time that a member has all of its partitions, which the start of its run waits for. */
export interface FirstJoin {
  /** It has come, or the run is at its end: nobody is to wait for it any longer. */
  over(): void
  /**
   * Resolves when it is over, and in any case after `rebalanceTimeout`, which is how long Kafka's coordinator waits for the
   * others: a handler of theirs may hold a partition for an hour, or for good.
   */
  wait(): Promise<void>
}

export function createFirstJoin({ settings, groupLogger }: Pick<RunOptions, 'settings' | 'groupLogger'>): FirstJoin {
  const { groupId, rebalanceTimeout } = settings
  const over = createDeferred()
  return {
    over: over.resolve,
    async wait() {
      if (await isWithin(over.promise, rebalanceTimeout)) return
      const message = `Not all partitions of this member are free after ${rebalanceTimeout} ms: it reads the others, and takes these when they are`
      groupLogger.warn(message, { groupId })
    },
  }
}
