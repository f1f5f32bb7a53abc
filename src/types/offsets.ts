/** An offset of a partition. @public */
export interface PartitionOffset {
  /** The partition. */
  partition: number
  /** The offset, a decimal string. */
  offset: string
}

/** Offsets of a topic's partitions. @public */
export interface TopicOffsets {
  /** The topic. */
  topic: string
  /** One per partition. */
  partitions: PartitionOffset[]
}

/** Offsets to commit. @public */
export interface Offsets {
  /** The entries by topic. */
  topics: TopicOffsets[]
}

/** Offsets that are resolved and not committed. @public */
export interface OffsetsByTopicPartition {
  /** The entries by topic. */
  topics: TopicOffsets[]
}

/** Partitions of a topic. @public */
export type TopicPartitions = { topic: string; partitions: number[] }

/** One partition of a topic. @public */
export type TopicPartition = { topic: string; partition: number }

/** An offset of one partition of a topic. @public */
export type TopicPartitionOffset = TopicPartition & { offset: string }

/** An offset to commit, and a note to keep with it. @public */
export type TopicPartitionOffsetAndMetadata = TopicPartitionOffset & { metadata?: string | null }

/** A committed offset as `admin.fetchOffsets` tells it. @public */
export type FetchOffsetsPartition = PartitionOffset & { metadata: string | null }
