/** Every type of kafkajs, and what Event Hubs has besides. One file per noun in `types/`. */
export type {
  DeleteGroupsResult,
  KafkaJSDeleteGroupsErrorGroups,
  KafkaJSDeleteTopicRecordsErrorPartition,
  KafkaJSDeleteTopicRecordsErrorTopic,
  KafkaJSErrorOrigin,
} from './errors.js'
export type * from './types/acl.js'
export type * from './types/admin.js'
export type * from './types/config.js'
export type * from './types/consumer.js'
export type * from './types/consumer-events.js'
export type * from './types/error-metadata.js'
export type * from './types/event-hubs.js'
export type * from './types/events.js'
export type * from './types/group.js'
export type * from './types/logging.js'
export type * from './types/message.js'
export type * from './types/offsets.js'
export type * from './types/producer.js'
export type * from './types/reassignment.js'
export type * from './types/topic.js'
