import { KafkaJSNonRetriableError } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { DEFAULT_CONSUMER_GROUP, isConsumerGroupName } from '../translate/names.js'
import type { ConsumerGroupChoice, Logger } from '../types/index.js'

/** The Event Hubs consumer group to read with, and whether as its only reader. */
export interface ReadingGroup {
  readonly consumerGroup: string
  /**
   * Epoch: the service disconnects a reader when another with the same or a higher one comes, which fences a stale
   * member. 0 is what processors of the Azure SDKs use, so that those sharing the group and we can take partitions from
   * one another. Left out on `$Default`, which several Kafka groups may share.
   */
  readonly ownerLevel?: number
}

/** Resolves `eventHubs.consumerGroup` for each topic. */
export interface ReadingGroups {
  of(topic: string): ReadingGroup
  /** The service does not know the group: true when another is to be tried, else rejects or is false. */
  notFound(topic: string, consumerGroup: string): Promise<boolean>
}

export interface ReadingGroupsOptions {
  readonly choice: ConsumerGroupChoice
  readonly groupId: string
  /** Creates a consumer group; false without management. */
  readonly create: (topic: string, consumerGroup: string) => Promise<boolean>
  readonly logger: Logger
}

export function createReadingGroups({ choice, groupId, create, logger }: ReadingGroupsOptions): ReadingGroups {
  const fallen = new Set<string>()
  /** Topic → whether the consumer group has been created there; partitions that miss it at once share the attempt. */
  const creations = new Map<string, Promise<boolean>>()
  const shared: ReadingGroup = { consumerGroup: DEFAULT_CONSUMER_GROUP }

  const named = (consumerGroup: string): ReadingGroup =>
    consumerGroup.toLowerCase() === DEFAULT_CONSUMER_GROUP.toLowerCase() ? shared : { consumerGroup, ownerLevel: 0 }

  const fallBack = (topic: string) => {
    if (!fallen.has(topic) && fallen.size === 0) {
      logger.info(
        `No Event Hubs consumer group is called like the group id: reading $Default, where at most 5 readers share a partition. Create a consumer group "${groupId}" on each event hub to be its only reader`,
        { groupId, topic },
      )
    }
    fallen.add(topic)
  }

  if (choice === 'dedicated' && !isConsumerGroupName(groupId)) {
    throw new KafkaJSNonRetriableError(
      `groupId "${groupId}" can't be the name of an Event Hubs consumer group (at most 50 letters, digits, "-", "_" and "."), which consumerGroup: 'dedicated' asks for: use another groupId, or consumerGroup: '$Default' or a function`,
    )
  }

  return {
    of(topic) {
      if (typeof choice === 'function') return named(choice(groupId, topic))
      if (choice === DEFAULT_CONSUMER_GROUP || fallen.has(topic)) return shared
      if (choice === 'auto' && !isConsumerGroupName(groupId)) {
        fallBack(topic)
        return shared
      }
      return named(groupId)
    },

    async notFound(topic, consumerGroup) {
      // Another partition of the topic has met it first.
      if (this.of(topic).consumerGroup !== consumerGroup) return true
      if (consumerGroup === DEFAULT_CONSUMER_GROUP) return false
      if (choice === 'auto') {
        fallBack(topic)
        return true
      }
      if (choice === 'dedicated') {
        const known = creations.get(topic)
        const creation = known ?? create(topic, consumerGroup)
        creations.set(topic, creation)
        creation.catch(() => creations.delete(topic))
        // Created, and yet not found: it may take its time, or has been deleted since; the next look tells.
        if (await creation) return known === undefined || !creations.delete(topic)
      }
      throw createProtocolError('GROUP_ID_NOT_FOUND', {
        message: `Event hub "${topic}" has no consumer group "${consumerGroup}": create it in the portal or with "az eventhubs eventhub consumer-group create", or leave eventHubs.consumerGroup at 'auto'`,
      })
    },
  }
}
