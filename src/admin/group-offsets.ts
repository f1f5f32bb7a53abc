import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import { describeGroup } from '../group/describe.js'
import { MEMBERS } from '../group/member-record.js'
import { type CommittedOffsets, createCommittedOffsets, type OffsetToCommit } from '../offsets/committed-offsets.js'
import type { AdminSession } from './session.js'

/** Offsets of any group, as somebody outside of it reads and sets them. `method` is the admin's, for what is refused. */
export interface GroupOffsets {
  read(method: string, groupId: string): Promise<CommittedOffsets>
  /** Topics that a group has offsets of; what a store calls them. */
  topicsOf(groupId: string): Promise<string[]>
  /** Rejects with KafkaJSNonRetriableError while the group has members. */
  commit(method: string, groupId: string, offsets: readonly OffsetToCommit[]): Promise<void>
}

export function createGroupOffsets(session: AdminSession): GroupOffsets {
  const read = async (method: string, groupId: string) =>
    createCommittedOffsets({ store: await session.store(method), transport: await session.transport(), groupId })

  const topicsOf = async (groupId: string): Promise<string[]> => {
    const store = await session.store('fetchOffsets')
    const { address } = await session.transport()
    if (!store.listGroups) {
      throw new KafkaJSNotImplemented(
        'admin.fetchOffsets without topics needs a checkpoint store with listGroups(): name the topics, or use a store of this package',
      )
    }
    const groups = (await store.listGroups(address.storeNamespace)) ?? []
    return groups
      .filter(({ consumerGroup }) => consumerGroup.toLowerCase() === groupId.toLowerCase())
      .flatMap(({ eventHubNames }) => eventHubNames.filter((name) => name !== MEMBERS))
  }

  /** Only when nobody reads: a running member would commit over what is set. */
  const requireEmpty = async (method: string, groupId: string) => {
    const store = await session.store(method)
    const { address, isInMemory } = await session.connection()
    const { state } = await session.request('DescribeGroups', () =>
      describeGroup(store, address.storeNamespace, groupId),
    )
    if (state === 'Dead' && isInMemory()) {
      session.logger.warn(
        `admin.${method} writes to the memory of this process, which knows no group ${groupId}: a consumer in another process will not see it. Set eventHubs.checkpointStore to a store that both reach`,
        { groupId },
      )
    }
    if (state === 'Empty' || state === 'Dead') return
    throw new KafkaJSNonRetriableError(`The consumer group must have no running instances, current state: ${state}`)
  }

  const commit = async (method: string, groupId: string, offsets: readonly OffsetToCommit[]) => {
    await requireEmpty(method, groupId)
    const committed = await read(method, groupId)
    await session.request('OffsetCommit', () => committed.commit(offsets))
  }

  return { read, topicsOf, commit }
}
