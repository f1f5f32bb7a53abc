import { protocolTypeOf } from '../../errors/index.js'
import { DEFAULT_CONSUMER_GROUP } from '../../translate/names.js'
import { wait } from '../../util/wait.js'
import type { PartitionContext } from './context.js'
import type { PartitionStatus } from './status.js'

/** The link that met the trouble. */
export interface TroubledLink {
  readonly context: PartitionContext
  readonly status: PartitionStatus
  /** The Event Hubs consumer group it was opened with. */
  readonly consumerGroup: string
  /** False until the first link to the partition has come to work. */
  readonly wasOpen: boolean
}

/**
 * Answers of the service, by Kafka's names for them, that are final to one request and not to a consumer: others read
 * the partition for the moment, or what is missing may come.
 */
const troubles = new Set([
  'FENCED_INSTANCE_ID',
  'GROUP_MAX_SIZE_REACHED',
  'GROUP_ID_NOT_FOUND',
  'UNKNOWN_TOPIC_OR_PARTITION',
  // A quota that is used up now, and may not be in a minute.
  'POLICY_VIOLATION',
])

export const isLinkTrouble = (error: Error): boolean => troubles.has(protocolTypeOf(error))

/**
 * The time between two looks whether a topic that is gone has come back, ms; the group takes its partitions away
 * before.
 */
const TOPIC_CHECK_MS = 1000

/** A topic that was there so short a time before the first link is taken to be there, ms: what is missing is the group. */
const RECENT_MS = 30_000

/** Sees to what kept a link from being opened. False: it may just be tried again, later. */
export async function mendLink(error: Error, link: TroubledLink): Promise<boolean> {
  const { context, status, consumerGroup, wasOpen } = link
  const { fetching, ownership, logger } = context
  const { topic, partition, ended } = status
  switch (protocolTypeOf(error)) {
    case 'FENCED_INSTANCE_ID':
      // The partition may have another owner by now; if not, a stale reader is outranked by opening the link again.
      await ownership.verify(topic, partition)
      return true
    case 'GROUP_ID_NOT_FOUND':
    case 'UNKNOWN_TOPIC_OR_PARTITION': {
      const isFirst = !wasOpen && consumerGroup !== DEFAULT_CONSUMER_GROUP
      const count = await fetching.partitionCount(topic, isFirst ? performance.now() - RECENT_MS : undefined)
      // The service says the same of a group that is missing and of a topic that is.
      if (count > partition) return fetching.readingGroups.notFound(topic, consumerGroup)
      if (count > 0) return false
      logger.warn('The topic is gone: its partitions are given up', { topic, partition })
      while (!ended.aborted && (await fetching.partitionCount(topic)) === 0) await wait(TOPIC_CHECK_MS, ended)
      return true
    }
    default:
      return false
  }
}
