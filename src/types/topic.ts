import type { ConfigResourceTypes, ConfigSource } from './enums.js'
import type { PartitionMetadata } from './producer.js'
import type { ReplicaAssignment } from './reassignment.js'

/** A setting. @public */
export interface IResourceConfigEntry {
  /** Its name, e.g. `retention.ms`. */
  name: string
  /** Its value. */
  value: string
}

/** A topic to create. @public */
export interface ITopicConfig {
  /** Its name. */
  topic: string
  /** The number of partitions. Default: the service's. */
  numPartitions?: number
  /** Not applied: Event Hubs replicates by itself. */
  replicationFactor?: number
  /** Not applied: Event Hubs replicates by itself. */
  replicaAssignment?: ReplicaAssignment[]
  /** Settings. */
  configEntries?: IResourceConfigEntry[]
}

/** The number of partitions a topic shall have. @public */
export interface ITopicPartitionConfig {
  /** The topic. */
  topic: string
  /** The new total. */
  count: number
  /** Not applied: Event Hubs places replicas itself. */
  assignments?: Array<Array<number>>
}

/** A topic's partitions. @public */
export interface ITopicMetadata {
  /** The topic. */
  name: string
  /** Its partitions. */
  partitions: PartitionMetadata[]
}

/** The resource whose settings are asked for. @public */
export interface ResourceConfigQuery {
  /** Kind of resource. */
  type: ConfigResourceTypes
  /** Its name. */
  name: string
  /** The names of the settings; default all. */
  configNames?: string[]
}

/** A setting that another one stands in for. @public */
export interface ConfigSynonyms {
  /** Its name. */
  configName: string
  /** Its value. */
  configValue: string
  /** The source it comes from. */
  configSource: ConfigSource
}

/** A setting as it stands. @public */
export interface ConfigEntries {
  /** Its name. */
  configName: string
  /** Its value. */
  configValue: string
  /** True where it was left alone. */
  isDefault: boolean
  /** The source it comes from. */
  configSource: ConfigSource
  /** True where the value is withheld. */
  isSensitive: boolean
  /** True where it cannot be set. */
  readOnly: boolean
  /** The other places that set it. */
  configSynonyms: ConfigSynonyms[]
}

/** The answer that `admin.describeConfigs` resolves to. @public */
export interface DescribeConfigResponse {
  /** The entries by resource. */
  resources: {
    configEntries: ConfigEntries[]
    errorCode: number
    errorMessage: string
    resourceName: string
    resourceType: ConfigResourceTypes
  }[]
  /** Ms. */
  throttleTime: number
}

/** Settings to give a resource. @public */
export interface IResourceConfig {
  /** Kind of resource. */
  type: ConfigResourceTypes
  /** Its name. */
  name: string
  /** The settings. */
  configEntries: IResourceConfigEntry[]
}
