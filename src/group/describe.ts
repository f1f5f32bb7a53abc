import { parsePartition } from '../translate/names.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { Assignment, ConsumerGroupState, GroupDescription } from '../types/index.js'
import { AssignerProtocol } from './assigner-protocol.js'
import { chooseProtocol } from './assignment.js'
import { decodeMemberRecord, fromOwnerId, MEMBERS, type MemberRecord } from './member-record.js'
import { partitionsIn } from './partitions-in.js'
import { groupSpelling, ownSpelling, type TopicSpelling } from './topic-spelling.js'

/**
 * A group as the store shows it, in the shape of kafkajs's `describeGroups`: its members, the partitions each one holds,
 * and `Stable` when all members read what they were assigned. `Empty`: known by its offsets only; `Dead`: not known.
 *
 * A member that was killed is shown until another member has removed it, or its record is older than its
 * `sessionTimeout` by half a minute, which forgives clocks that differ that much.
 */
export async function describeGroup(
  store: CheckpointStore,
  storeNamespace: string,
  groupId: string,
): Promise<GroupDescription> {
  const slots = await store.listOwnership(storeNamespace, MEMBERS, groupId)
  const members = slots.flatMap(({ ownerId, lastModifiedTimeInMs }) => {
    const record = decodeMemberRecord(ownerId)
    return record && !isStale(record, lastModifiedTimeInMs) ? [record] : []
  })
  if (members.length === 0) {
    const known = await hasOffsets(store, storeNamespace, groupId)
    return { ...description(groupId, known ? 'Empty' : 'Dead'), protocolType: known ? 'consumer' : '' }
  }

  const held = new Map<string, { spelling: TopicSpelling; assignment: Assignment }>(
    members.map(({ memberId, topics }) => [memberId, { spelling: ownSpelling(Object.keys(topics)), assignment: {} }]),
  )
  for (const topic of groupSpelling(members).topics) {
    for (const { ownerId, partitionId } of await store.listOwnership(storeNamespace, topic, groupId)) {
      const holder = held.get(fromOwnerId(ownerId) ?? '')
      const partition = parsePartition(partitionId)
      if (!holder || partition === undefined) continue
      const name = holder.spelling.of(topic) ?? topic
      const { assignment } = holder
      assignment[name] = [...partitionsIn(assignment, name), partition].sort((a, b) => a - b)
    }
  }
  const protocol = chooseProtocol(members) ?? ''
  return {
    ...description(groupId, members.every(({ state }) => state === 'stable') ? 'Stable' : 'PreparingRebalance'),
    protocolType: 'consumer',
    protocol,
    members: members.map((member) => ({
      memberId: member.memberId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: Buffer.from(member.protocols.find(({ name }) => name === protocol)?.metadata ?? '', 'base64'),
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: member.assigned?.version ?? 0,
        assignment: held.get(member.memberId)?.assignment ?? {},
        userData: Buffer.from(member.assigned?.userData ?? '', 'base64'),
      }),
    })),
  }
}

const CLOCK_TOLERANCE_MS = 30_000

const isStale = (record: MemberRecord, lastModified: number | undefined) =>
  lastModified !== undefined && Date.now() - lastModified > record.sessionTimeout + CLOCK_TOLERANCE_MS

/** True for a group known to have offsets. Only stores that can list them know; to others the group looks `Empty`. */
async function hasOffsets(store: CheckpointStore, namespace: string, groupId: string): Promise<boolean> {
  if (!store.listGroups) return true
  const groups = await store.listGroups(namespace)
  return groups.some(
    ({ consumerGroup, eventHubNames }) =>
      consumerGroup.toLowerCase() === groupId.toLowerCase() && eventHubNames.some((name) => name !== MEMBERS),
  )
}

const description = (groupId: string, state: ConsumerGroupState): GroupDescription & { errorCode: number } => ({
  errorCode: 0,
  groupId,
  members: [],
  protocol: '',
  protocolType: '',
  state,
})
