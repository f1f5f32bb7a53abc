import type { PartitionLog } from '../../model/partition-log.js'
import { findEventHub } from '../context.js'
import { ERROR } from '../protocol/error-codes.js'
import { LIST_OFFSETS, OFFSET_FOR_LEADER_EPOCH } from '../protocol/schemas/records.js'
import { handler } from './handler.js'

/** Times that stand for a place. Source: apache/kafka, ListOffsetsRequest.java. */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4

/** The one leader a partition ever has. */
const LEADER_EPOCH = 0

export const listOffsets = handler(LIST_OFFSETS, (context, { topics }) => ({
  topics: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp }) => {
      const eventHub = findEventHub(context, name, 'Listen')
      const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, hub: name, partition: partitionIndex })
      if (typeof eventHub === 'number') return { partitionIndex, errorCode: eventHub }
      if (fault !== undefined) return { partitionIndex, errorCode: fault }
      const partition = eventHub.partitions[partitionIndex]
      if (!partition) return { partitionIndex, errorCode: ERROR.unknownTopicOrPartition }
      partition.log.trim(Date.now())
      const found = findOffset(partition.log, timestamp)
      const oldStyleOffsets = found.offset < 0 ? [] : [found.offset]
      return { partitionIndex, errorCode: ERROR.none, ...found, leaderEpoch: LEADER_EPOCH, oldStyleOffsets }
    }),
  })),
}))

function findOffset(log: PartitionLog, timestamp: number): { offset: number; timestamp: number } {
  switch (timestamp) {
    case LATEST:
      return { offset: log.end, timestamp: -1 }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.begin, timestamp: -1 }
    case MAX_TIMESTAMP:
      return log.last && !log.isEmpty
        ? { offset: log.last.sequenceNumber, timestamp: log.last.enqueuedTime }
        : { offset: -1, timestamp: -1 }
    default: {
      const offset = log.search((event) => event.enqueuedTime < timestamp)
      const event = log.at(offset)
      return event ? { offset, timestamp: event.enqueuedTime } : { offset: -1, timestamp: -1 }
    }
  }
}

/** The end of the log of an epoch; there is one epoch. */
export const offsetForLeaderEpoch = handler(OFFSET_FOR_LEADER_EPOCH, (context, { topics }) => ({
  topics: topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, leaderEpoch }) => {
      const eventHub = findEventHub(context, topic, 'Listen')
      if (typeof eventHub === 'number') return { partition, errorCode: eventHub, endOffset: -1 }
      const log = eventHub.partitions[partition]?.log
      if (!log) return { partition, errorCode: ERROR.unknownTopicOrPartition, endOffset: -1 }
      const isOurs = leaderEpoch === LEADER_EPOCH
      return {
        partition,
        errorCode: ERROR.none,
        leaderEpoch: isOurs ? LEADER_EPOCH : -1,
        endOffset: isOurs ? log.end : -1,
      }
    }),
  })),
}))
