import { mayAnywhere, mayUse, type RequestContext } from '../context.js'
import { ERROR } from '../protocol/error-codes.js'
import {
  DELETE_GROUPS,
  DESCRIBE_GROUPS,
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  LIST_GROUPS,
  OFFSET_COMMIT,
  OFFSET_FETCH,
  SYNC_GROUP,
} from '../protocol/schemas/groups.js'
import { handler } from './handler.js'

const EMPTY = Buffer.alloc(0)

/** The refusal of a group's request: a fault that was scripted, or a missing claim. */
function refusalOf(context: RequestContext, group: string): number | undefined {
  if (!mayAnywhere(context, 'Listen')) return ERROR.groupAuthorizationFailed
  return context.service.faults.kafkaErrorOf({ api: context.apiName, group })
}

export const joinGroup = handler(JOIN_GROUP, (context, request) => {
  const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, memberId, groupInstanceId, protocolType, protocols } = request
  const refusal = refusalOf(context, groupId)
  if (refusal !== undefined) return { errorCode: refusal, memberId }
  return context.coordinator.join(groupId, context.version, {
    memberId,
    groupInstanceId,
    clientId: context.clientId,
    clientHost: context.clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
    protocolType,
    // Copies: parts of a request would keep alive all of it.
    protocols: protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
  })
})

export const syncGroup = handler(SYNC_GROUP, (context, { groupId, ...request }) => {
  const refusal = refusalOf(context, groupId)
  if (refusal !== undefined) return { errorCode: refusal, assignment: EMPTY }
  return context.coordinator.sync(groupId, request)
})

export const heartbeat = handler(HEARTBEAT, (context, { groupId, ...identity }) => ({
  errorCode: refusalOf(context, groupId) ?? context.coordinator.heartbeat(groupId, identity),
}))

export const leaveGroup = handler(LEAVE_GROUP, (context, { groupId, memberId, members }) => {
  const refusal = refusalOf(context, groupId)
  if (refusal !== undefined) return { errorCode: refusal }
  if (context.version < 3) {
    return { errorCode: context.coordinator.leave(groupId, { memberId, groupInstanceId: null }) }
  }
  return {
    errorCode: ERROR.none,
    members: members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      errorCode: context.coordinator.leave(groupId, member),
    })),
  }
})

export const offsetCommit = handler(OFFSET_COMMIT, (context, { groupId, topics, ...identity }) => {
  const refusal = refusalOf(context, groupId)
  const commit = (topic: string, partition: number, offset: number, leaderEpoch: number, metadata: string | null) => {
    if (refusal !== undefined) return refusal
    if (!mayUse(context, topic, 'Listen')) return ERROR.topicAuthorizationFailed
    const eventHub = context.service.namespace.getEventHub(topic)
    if (!eventHub?.partitions[partition]) return ERROR.unknownTopicOrPartition
    return context.coordinator.commit(groupId, identity, {
      topic: eventHub.name,
      partition,
      offset,
      leaderEpoch,
      metadata,
    })
  }
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => ({
        partitionIndex,
        errorCode: commit(name, partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata),
      })),
    })),
  }
})

interface WantedTopic {
  readonly name: string
  readonly partitionIndexes: readonly number[]
}

export const offsetFetch = handler(OFFSET_FETCH, (context, request) => {
  if (context.version >= 8) {
    return {
      groups: request.groups.map(({ groupId, topics }) => ({ groupId, ...committedOf(context, groupId, topics) })),
    }
  }
  return committedOf(context, request.groupId, request.topics)
})

function committedOf(context: RequestContext, groupId: string, wanted: readonly WantedTopic[] | null) {
  const { coordinator } = context
  const errorCode = refusalOf(context, groupId) ?? ERROR.none
  const topics = wanted ?? allOf(context, groupId)
  return {
    errorCode,
    topics: (errorCode === ERROR.none ? topics : (wanted ?? [])).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const isAllowed = mayUse(context, name, 'Listen')
        const committed = isAllowed ? coordinator.committed(groupId, name, partitionIndex) : undefined
        return {
          partitionIndex,
          committedOffset: errorCode === ERROR.none ? (committed?.offset ?? -1) : -1,
          committedLeaderEpoch: committed?.leaderEpoch ?? -1,
          metadata: committed?.metadata ?? '',
          // Before version 2 there is no other place for a group's error.
          errorCode: isAllowed ? errorCode : ERROR.topicAuthorizationFailed,
        }
      }),
    })),
  }
}

function allOf({ coordinator }: RequestContext, groupId: string): WantedTopic[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of coordinator.offsetsOf(groupId)) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition])
  }
  return [...topics].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
}

export const describeGroups = handler(DESCRIBE_GROUPS, (context, { groups }) => ({
  groups: groups.map((groupId) => {
    const refusal = refusalOf(context, groupId)
    if (refusal !== undefined) {
      return { errorCode: refusal, groupId, groupState: '', protocolType: '', protocolData: '', members: [] }
    }
    const { state, protocolType, protocol, members } = context.coordinator.describe(groupId)
    return {
      errorCode: ERROR.none,
      groupId,
      groupState: state,
      protocolType,
      protocolData: protocol,
      members: members.map(({ metadata, assignment, ...member }) => ({
        ...member,
        memberMetadata: metadata,
        memberAssignment: assignment,
      })),
    }
  }),
}))

export const listGroups = handler(LIST_GROUPS, (context, { statesFilter }) => {
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName })
  const errorCode = fault ?? (mayAnywhere(context, 'Listen') ? ERROR.none : ERROR.clusterAuthorizationFailed)
  if (errorCode !== ERROR.none) return { errorCode, groups: [] }
  const wanted = new Set(statesFilter.map((state) => state.toLowerCase()))
  return {
    errorCode,
    groups: context.coordinator
      .list()
      .filter(({ state }) => wanted.size === 0 || wanted.has(state.toLowerCase()))
      .map(({ groupId, protocolType, state }) => ({ groupId, protocolType, groupState: state })),
  }
})

export const deleteGroups = handler(DELETE_GROUPS, (context, { groupsNames }) => ({
  results: groupsNames.map((groupId) => {
    const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, group: groupId })
    if (fault !== undefined) return { groupId, errorCode: fault }
    if (!mayAnywhere(context, 'Manage')) return { groupId, errorCode: ERROR.groupAuthorizationFailed }
    return { groupId, errorCode: context.coordinator.delete(groupId) }
  }),
}))
