import { defineApi } from '../api.js'
import { array, bytes, int8, int16, int32, int64, string, structs } from '../schema.js'

// Source of all tables: apache/kafka, clients/src/main/resources/common/message.

const throttleTimeMs = (from: number) => int32({ from, or: 0 })

/** The minimum is offered, and refused, because librdkafka before 2.11 compresses only where it is 0 (its #4956). */
export const PRODUCE = defineApi({
  key: 0,
  name: 'Produce',
  versions: [0, 7],
  flexibleFrom: 9,
  request: {
    transactionalId: string({ from: 3, nullable: true, or: null }),
    acks: int16(),
    timeoutMs: int32(),
    topics: structs({
      name: string(),
      partitions: structs({ index: int32(), records: bytes({ nullable: true }) }),
    }),
  },
  response: {
    topics: structs({
      name: string(),
      partitions: structs({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ from: 2, or: -1 }),
        logStartOffset: int64({ from: 5, or: -1 }),
      }),
    }),
    throttleTimeMs: throttleTimeMs(1),
  },
})

/** Up to 12: librdkafka 2.6.0 sends that whatever is offered (its #4871), and newer ones without topic ids too. */
export const FETCH = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 12],
  flexibleFrom: 12,
  request: {
    replicaId: int32({ or: -1 }),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32(),
    isolationLevel: int8(),
    sessionId: int32({ from: 7, or: 0 }),
    sessionEpoch: int32({ from: 7, or: -1 }),
    topics: structs({
      topic: string(),
      partitions: structs({
        partition: int32(),
        currentLeaderEpoch: int32({ from: 9, or: -1 }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ from: 12, or: -1 }),
        logStartOffset: int64({ from: 5, or: -1 }),
        partitionMaxBytes: int32(),
      }),
    }),
    forgottenTopics: structs({ topic: string(), partitions: array(int32()) }, { from: 7, or: [] }),
    rackId: string({ from: 11, or: '' }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    errorCode: int16({ from: 7, or: 0 }),
    sessionId: int32({ from: 7, or: 0 }),
    topics: structs({
      topic: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64(),
        logStartOffset: int64({ from: 5, or: -1 }),
        abortedTransactions: structs({ producerId: int64(), firstOffset: int64() }, { nullable: true, or: null }),
        preferredReadReplica: int32({ from: 11, or: -1 }),
        records: bytes({ nullable: true }),
      }),
    }),
  },
})

export const LIST_OFFSETS = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [0, 8],
  flexibleFrom: 6,
  request: {
    replicaId: int32({ or: -1 }),
    isolationLevel: int8({ from: 2, or: 0 }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ from: 4, or: -1 }),
        timestamp: int64(),
        maxNumOffsets: int32({ to: 0, or: 1 }),
      }),
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(2),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        oldStyleOffsets: array(int64(), { to: 0, or: [] }),
        timestamp: int64({ from: 1, or: -1 }),
        offset: int64({ from: 1, or: -1 }),
        leaderEpoch: int32({ from: 4, or: -1 }),
      }),
    }),
  },
})

export const OFFSET_FOR_LEADER_EPOCH = defineApi({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    replicaId: int32({ from: 3, or: -1 }),
    topics: structs({
      topic: string(),
      partitions: structs({
        partition: int32(),
        currentLeaderEpoch: int32({ from: 2, or: -1 }),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(2),
    topics: structs({
      topic: string(),
      partitions: structs({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ from: 1, or: -1 }),
        endOffset: int64(),
      }),
    }),
  },
})

export const INIT_PRODUCER_ID = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 4],
  flexibleFrom: 2,
  request: {
    transactionalId: string({ nullable: true }),
    transactionTimeoutMs: int32(),
    producerId: int64({ from: 3, or: -1 }),
    producerEpoch: int16({ from: 3, or: -1 }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(0),
    errorCode: int16(),
    producerId: int64({ or: -1 }),
    producerEpoch: int16({ or: -1 }),
  },
})
