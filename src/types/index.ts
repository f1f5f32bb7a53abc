/** Every type of kafkajs, and what Event Hubs has besides. One file per noun in `types/`. */
export type {
  DeleteGroupsResult,
  KafkaJSDeleteGroupsErrorGroups,
  KafkaJSDeleteTopicRecordsErrorPartition,
  KafkaJSDeleteTopicRecordsErrorTopic,
  KafkaJSErrorOrigin,
} from '../errors/index.js'
export type * from './acl.js'
export type * from './admin.js'
export type * from './config.js'
export type * from './consumer.js'
export type * from './consumer-events.js'
export type * from './error-metadata.js'
export type * from './event-hubs.js'
export type * from './events.js'
export type * from './group.js'
export type * from './logging.js'
export type * from './message.js'
export type * from './offsets.js'
export type * from './producer.js'
export type * from './reassignment.js'
export type * from './topic.js'
