import { defineApi } from '../api.js'
import { array, boolean, bytes, int8, int16, int32, int64, string, structs } from '../schema.js'

const throttleTimeMs = (from: number) => int32({ from, or: 0 })
const groupInstanceId = (from: number) => string({ from, nullable: true, or: null })

export const OFFSET_COMMIT = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [0, 8],
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationId: int32({ from: 1, or: -1 }),
    memberId: string({ from: 1, or: '' }),
    groupInstanceId: groupInstanceId(7),
    retentionTimeMs: int64({ from: 2, to: 4, or: -1 }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ from: 6, or: -1 }),
        commitTimestamp: int64({ from: 1, to: 1, or: -1 }),
        committedMetadata: string({ nullable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(3),
    topics: structs({ name: string(), partitions: structs({ partitionIndex: int32(), errorCode: int16() }) }),
  },
})

const fetchedOffsets = {
  name: string(),
  partitions: structs({
    partitionIndex: int32(),
    committedOffset: int64(),
    committedLeaderEpoch: int32({ from: 5, or: -1 }),
    metadata: string({ nullable: true }),
    errorCode: int16(),
  }),
}
const wantedOffsets = { name: string(), partitionIndexes: array(int32()) }

export const OFFSET_FETCH = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [0, 8],
  flexibleFrom: 6,
  request: {
    groupId: string({ to: 7, or: '' }),
    /** Null: all that are committed. */
    topics: structs(wantedOffsets, { to: 7, nullable: 2, or: null }),
    groups: structs({ groupId: string(), topics: structs(wantedOffsets, { nullable: true }) }, { from: 8, or: [] }),
    requireStable: boolean({ from: 7, or: false }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(3),
    topics: structs(fetchedOffsets, { to: 7, or: [] }),
    errorCode: int16({ from: 2, to: 7, or: 0 }),
    groups: structs({ groupId: string(), topics: structs(fetchedOffsets), errorCode: int16() }, { from: 8, or: [] }),
  },
})

export const FIND_COORDINATOR = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    key: string({ to: 3, or: '' }),
    keyType: int8({ from: 1, or: 0 }),
    coordinatorKeys: array(string(), { from: 4, or: [] }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    errorCode: int16({ to: 3, or: 0 }),
    errorMessage: string({ from: 1, to: 3, nullable: true, or: null }),
    nodeId: int32({ to: 3, or: -1 }),
    host: string({ to: 3, or: '' }),
    port: int32({ to: 3, or: -1 }),
    coordinators: structs(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, or: null }),
      },
      { from: 4, or: [] },
    ),
  },
})

export const JOIN_GROUP = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    /** Version 0 has one time-out for both. */
    rebalanceTimeoutMs: int32({ from: 1, or: -1 }),
    memberId: string(),
    groupInstanceId: groupInstanceId(5),
    protocolType: string(),
    protocols: structs({ name: string(), metadata: bytes() }),
    reason: string({ from: 8, nullable: true, or: null }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(2),
    errorCode: int16(),
    generationId: int32({ or: -1 }),
    protocolType: string({ from: 7, nullable: true, or: null }),
    protocolName: string({ nullable: 7, or: '' }),
    leader: string({ or: '' }),
    skipAssignment: boolean({ from: 9, or: false }),
    memberId: string({ or: '' }),
    members: structs({ memberId: string(), groupInstanceId: groupInstanceId(5), metadata: bytes() }, { or: [] }),
  },
})

export const HEARTBEAT = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: groupInstanceId(3),
  },
  response: { throttleTimeMs: throttleTimeMs(1), errorCode: int16() },
})

export const LEAVE_GROUP = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string({ to: 2, or: '' }),
    members: structs(
      {
        memberId: string(),
        groupInstanceId: groupInstanceId(3),
        reason: string({ from: 5, nullable: true, or: null }),
      },
      { from: 3, or: [] },
    ),
  },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    errorCode: int16(),
    members: structs(
      { memberId: string(), groupInstanceId: groupInstanceId(3), errorCode: int16() },
      { from: 3, or: [] },
    ),
  },
})

export const SYNC_GROUP = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: groupInstanceId(3),
    protocolType: string({ from: 5, nullable: true, or: null }),
    protocolName: string({ from: 5, nullable: true, or: null }),
    assignments: structs({ memberId: string(), assignment: bytes() }),
  },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    errorCode: int16(),
    protocolType: string({ from: 5, nullable: true, or: null }),
    protocolName: string({ from: 5, nullable: true, or: null }),
    assignment: bytes(),
  },
})

export const DESCRIBE_GROUPS = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 5],
  flexibleFrom: 5,
  request: { groups: array(string()), includeAuthorizedOperations: boolean({ from: 3, or: false }) },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    groups: structs({
      errorCode: int16(),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: structs({
        memberId: string(),
        groupInstanceId: groupInstanceId(4),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ from: 3, or: -2_147_483_648 }),
    }),
  },
})

export const LIST_GROUPS = defineApi({
  key: 16,
  name: 'ListGroups',
  versions: [0, 4],
  flexibleFrom: 3,
  request: { statesFilter: array(string(), { from: 4, or: [] }) },
  response: {
    throttleTimeMs: throttleTimeMs(1),
    errorCode: int16(),
    groups: structs({ groupId: string(), protocolType: string(), groupState: string({ from: 4, or: '' }) }),
  },
})

export const DELETE_GROUPS = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: { groupsNames: array(string()) },
  response: {
    throttleTimeMs: throttleTimeMs(0),
    results: structs({ groupId: string(), errorCode: int16() }),
  },
})
