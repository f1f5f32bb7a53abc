/** The brokers that hold a partition. @public */
export interface ReplicaAssignment {
  /** The partition. */
  partition: number
  /** Broker ids. */
  replicas: Array<number>
}

/** The brokers that shall hold a topic's partitions. Refused: Event Hubs places replicas itself. @public */
export interface PartitionReassignment {
  /** The topic. */
  topic: string
  /** The entries by partition. */
  partitionAssignment: Array<ReplicaAssignment>
}

/** Reassignments under way. @public */
export interface ListPartitionReassignmentsResponse {
  /** The entries by topic. */
  topics: OngoingTopicReassignment[]
}

/** Reassignments under way in a topic. @public */
export interface OngoingTopicReassignment {
  /** The topic. */
  topic: string
  /** The entries by partition. */
  partitions: OngoingPartitionReassignment[]
}

/** A reassignment under way. @public */
export interface OngoingPartitionReassignment {
  /** The partition. */
  partitionIndex: number
  /** Broker ids. */
  replicas: number[]
  /** Broker ids to come. */
  addingReplicas?: number[]
  /** Broker ids to go. */
  removingReplicas?: number[]
}
