import type { Logger } from '../types/index.js'
import type { TopicPartition } from './leases.js'
import type { MemberListener } from './rebalance.js'

/** What befalls the leases of a member without its doing, put in the log and told to its listener. */
export interface LeaseNews {
  /** The store has lost its records of these, and has them again. */
  onRestored(partitions: readonly TopicPartition[]): void
  /** Another owner has them. */
  onLost(partitions: readonly TopicPartition[]): void
  /** They have run out that could not be renewed: others may take them. */
  onExpired(partitions: readonly TopicPartition[]): void
}

export function createLeaseNews(options: {
  readonly groupId: string
  readonly listener: Pick<MemberListener, 'onRestored' | 'onLost'>
  readonly logger: Logger
}): LeaseNews {
  const { groupId, listener, logger } = options
  return {
    onRestored(partitions) {
      const message = 'Records of this member are gone from the checkpoint store: it writes them again, and reads on'
      logger.warn(message, { groupId, partitions })
      listener.onRestored(partitions)
    },

    onLost(partitions) {
      logger.warn('Another owner has taken partitions of this member: it stops reading them', { groupId, partitions })
      listener.onLost(partitions)
    },

    onExpired(partitions) {
      const message =
        'Leases of this member have run out, which the checkpoint store did not renew: it stops reading until it does'
      logger.warn(message, { groupId, partitions })
      listener.onLost(partitions)
    },
  }
}
