/**
 * The management plane: event hubs and their consumer groups. Two implementations: the namespace's own HTTPS API and
 * Azure Resource Manager. Every method rejects with errors of kafkajs's family.
 */

/** An event hub as the management plane sees it. */
export interface EventHubDescription {
  readonly name: string
  readonly partitionCount: number
  readonly partitionIds: readonly string[]
  readonly createdAt?: Date
  readonly status?: string
  readonly retentionHours?: number
  readonly cleanupPolicy?: 'delete' | 'compact' | 'compact,delete'
  readonly minCompactionLagMinutes?: number
  readonly tombstoneRetentionHours?: number
  readonly timestampType?: 'LogAppendTime' | 'CreateTime'
}

/**
 * The settings of an event hub that can be changed; what is left out keeps its value, or takes the service's default.
 */
export type EventHubSettings = Partial<Omit<EventHubDescription, 'name' | 'partitionIds' | 'createdAt' | 'status'>>

export interface Management {
  /** `atom` can express whole days of retention only. */
  readonly kind: 'atom' | 'arm'
  listEventHubs(): Promise<EventHubDescription[]>
  /** Undefined when there is none of that name. */
  getEventHub(name: string): Promise<EventHubDescription | undefined>
  /** Rejects with TOPIC_ALREADY_EXISTS when it is there. */
  createEventHub(name: string, settings: EventHubSettings): Promise<EventHubDescription>
  updateEventHub(name: string, settings: EventHubSettings): Promise<EventHubDescription>
  /** Rejects with UNKNOWN_TOPIC_OR_PARTITION when it is not there. */
  deleteEventHub(name: string): Promise<void>
  listConsumerGroups(eventHubName: string): Promise<string[]>
  /** One that exists already is no error. */
  createConsumerGroup(eventHubName: string, consumerGroup: string): Promise<void>
  close(): Promise<void>
}
