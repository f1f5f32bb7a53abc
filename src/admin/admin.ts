import type { ClientContext } from '../client/context.js'
import { adminSettings } from '../config/config.js'
import { adminEvents, createInstrumentation } from '../instrumentation/events.js'
import type { AdminConfig } from '../types/index.js'
import type { Admin } from './calls.js'
import { createClusterCalls } from './cluster.js'
import { createConfigCalls } from './configs.js'
import { createGroupCalls } from './groups.js'
import { createOffsetCalls } from './offsets.js'
import { createAdminSession } from './session.js'
import { createTopicOffsetCalls } from './topic-offsets.js'
import { createTopicCalls } from './topics.js'
import { unsupported } from './unsupported.js'

/** Makes an admin client: kafkajs's, in kafkajs's order of methods. It connects by itself when first used. */
export function createAdmin(context: ClientContext, config?: AdminConfig): Admin {
  const logger = context.logger.namespace('Admin')
  const instrumentation = createInstrumentation({ client: 'admin', events: adminEvents, logger })
  const settings = adminSettings(config, context.settings)
  const session = createAdminSession({ context, settings, instrumentation, logger })

  const topics = createTopicCalls(session)
  const topicOffsets = createTopicOffsetCalls(session)
  const offsets = createOffsetCalls(session, topicOffsets.fetchTopicOffsets)
  const configs = createConfigCalls(session)
  const groups = createGroupCalls(session)

  return {
    connect: session.connect,
    disconnect: session.disconnect,
    listTopics: topics.listTopics,
    createTopics: topics.createTopics,
    deleteTopics: topics.deleteTopics,
    createPartitions: topics.createPartitions,
    fetchTopicMetadata: topics.fetchTopicMetadata,
    ...createClusterCalls(session),
    events: instrumentation.events,
    fetchOffsets: offsets.fetchOffsets,
    fetchTopicOffsets: topicOffsets.fetchTopicOffsets,
    fetchTopicOffsetsByTimestamp: topicOffsets.fetchTopicOffsetsByTimestamp,
    setOffsets: offsets.setOffsets,
    resetOffsets: offsets.resetOffsets,
    describeConfigs: configs.describeConfigs,
    alterConfigs: configs.alterConfigs,
    on: instrumentation.on,
    logger: () => logger,
    listGroups: groups.listGroups,
    describeGroups: groups.describeGroups,
    deleteGroups: groups.deleteGroups,
    describeAcls: unsupported('describeAcls'),
    deleteAcls: unsupported('deleteAcls'),
    createAcls: unsupported('createAcls'),
    deleteTopicRecords: unsupported('deleteTopicRecords'),
    alterPartitionReassignments: unsupported('alterPartitionReassignments'),
    listPartitionReassignments: unsupported('listPartitionReassignments'),
  }
}
