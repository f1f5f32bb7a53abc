import { createProtocolError } from '../errors/protocol-errors.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { TopicPartition } from './leases.js'
import type { GroupMember } from './member.js'
import { toOwnerId } from './member-record.js'

/** The check that this member may commit, asked before every write of an offset. */
export interface CommitGuard {
  /**
   * True while the partition is read under a lease of this member, made sure of with the store where that is in doubt.
   */
  mayCommit(topic: string, partition: number): Promise<boolean>
  /**
   * Throws `ILLEGAL_GENERATION` for a partition that another member reads. Kafka takes a commit from any member; the store
   * would let a stale one overwrite the present owner's.
   */
  assertNotAnothers(partition: TopicPartition): Promise<void>
}

export interface CommitGuardOptions {
  readonly member: Pick<GroupMember, 'memberId' | 'leases' | 'verify'>
  readonly store: CheckpointStore
  readonly namespace: string
  readonly groupId: string
  /** True where processors of other SDKs may have a part in the group's topic: they claim without having been given. */
  mayBeShared(topic: string): boolean
}

export function createCommitGuard(options: CommitGuardOptions): CommitGuard {
  const { member, store, namespace, groupId, mayBeShared } = options
  const { holds, mustVerify } = member.leases

  const mayCommit = async (topic: string, partition: number) => {
    // A member of the group takes nothing it was not given; a processor may have claimed the partition a moment ago.
    if (mayBeShared(topic) && holds(topic, partition)) await member.verify(topic, partition)
    // A round of renewals that is under way may have begun before the suspicion; the one after it has not.
    for (let round = 0; round < 2 && mustVerify(topic, partition); round++) {
      await member.verify(topic, partition)
    }
    return holds(topic, partition) && !mustVerify(topic, partition)
  }

  return {
    mayCommit,
    async assertNotAnothers({ topic, partition }) {
      if (await mayCommit(topic, partition)) return
      const stored = await store.listOwnership(namespace, topic, groupId)
      const owner = stored.find(({ partitionId }) => partitionId === String(partition))?.ownerId ?? ''
      if (owner === '' || owner === toOwnerId(member.memberId())) return
      throw createProtocolError('ILLEGAL_GENERATION', {
        message: `Cannot commit an offset of ${topic} [${partition}]: another member of group ${groupId} reads this partition now`,
      })
    },
  }
}
