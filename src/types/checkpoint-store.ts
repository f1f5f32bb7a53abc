/**
 * The store of a consumer group's committed offsets, members and leases.
 *
 * The four required methods are those of `CheckpointStore` in `@azure/event-hubs`, so any published store fits. The
 * optional ones serve admin calls; a store without them gets a clear refusal there.
 */

/** The owner of a partition, as the stores of every Event Hubs SDK keep it. @public */
export interface PartitionOwnership {
  /** Host name of the namespace; on a loopback emulator with its port. */
  fullyQualifiedNamespace: string
  /** Event hub (Kafka: topic). */
  eventHubName: string
  /** Consumer group the owner reads for (Kafka: `groupId`). */
  consumerGroup: string
  /** The partition. */
  partitionId: string
  /** The owner of it; the empty string means given up. */
  ownerId: string
  /** The time the store last wrote this record, ms since the epoch, by the store's clock. */
  lastModifiedTimeInMs?: number
  /** The version of the record; a claim that names a version other than the stored one is lost. */
  etag?: string
}

/** The place up to which a consumer group has read a partition. @public */
export interface Checkpoint {
  /** Host name of the namespace; on a loopback emulator with its port. */
  fullyQualifiedNamespace: string
  /** Event hub (Kafka: topic). */
  eventHubName: string
  /** Consumer group (Kafka: `groupId`). */
  consumerGroup: string
  /** The partition. */
  partitionId: string
  /** Sequence number of the last event handled (Kafka: committed offset - 1). */
  sequenceNumber: number
  /** The service's own offset of that event: an opaque string, what other SDKs resume from. */
  offset: string
}

/** The options a call may be given besides its arguments. @public */
export interface CheckpointStoreOptions {
  /** Ends the call early: it rejects. */
  abortSignal?: AbortSignal
}

/** One consumer group that a store holds something of. @public */
export interface StoredGroup {
  /** The group. */
  consumerGroup: string
  /** Event hubs the store holds checkpoints or ownership of, for this group. */
  eventHubNames: string[]
}

/**
 * A checkpoint store. Keys (namespace, event hub, consumer group) are compared without regard to case, partition ids
 * with.
 *
 * @public
 */
export interface CheckpointStore {
  /** Every ownership record of a group on an event hub, those given up (`ownerId: ''`) included. */
  listOwnership(
    fullyQualifiedNamespace: string,
    eventHubName: string,
    consumerGroup: string,
    options?: CheckpointStoreOptions,
  ): Promise<PartitionOwnership[]>
  /**
   * Writes the records whose `etag` is the stored one (none: the record must not exist yet) and returns those written,
   * with their new `etag` and `lastModifiedTimeInMs`. A claim lost to another owner is left out, never an error.
   */
  claimOwnership(
    partitionOwnership: PartitionOwnership[],
    options?: CheckpointStoreOptions,
  ): Promise<PartitionOwnership[]>
  /** Writes a checkpoint, whatever was there. */
  updateCheckpoint(checkpoint: Checkpoint, options?: CheckpointStoreOptions): Promise<void>
  /** Every checkpoint of a group on an event hub. */
  listCheckpoints(
    fullyQualifiedNamespace: string,
    eventHubName: string,
    consumerGroup: string,
    options?: CheckpointStoreOptions,
  ): Promise<Checkpoint[]>
  /** Every group of a namespace that the store holds something of. Serves `admin.listGroups` and `fetchOffsets`. */
  listGroups?(fullyQualifiedNamespace: string, options?: CheckpointStoreOptions): Promise<StoredGroup[]>
  /** Forgets all of a group: checkpoints and ownership. Serves `admin.deleteGroups`. */
  deleteGroup?(fullyQualifiedNamespace: string, consumerGroup: string, options?: CheckpointStoreOptions): Promise<void>
  /** Forgets one checkpoint; one that does not exist is no error. Serves `admin.deleteTopics`. */
  deleteCheckpoint?(
    fullyQualifiedNamespace: string,
    eventHubName: string,
    consumerGroup: string,
    partitionId: string,
    options?: CheckpointStoreOptions,
  ): Promise<void>
}
