import type { Clock } from '../clock.js'
import { ERROR } from '../protocol/error-codes.js'
import type { JoinAnswer, JoinRequest, MemberIdentity, SyncAnswer, SyncRequest } from './answers.js'
import { Group } from './group.js'
import type { CommittedOffset, OffsetEntry } from './offsets.js'

/** The behaviour of groups. */
export interface CoordinatorSettings {
  /** `eventhubs`: members need no id first, and a group without members is dead and unlisted, its offsets kept. */
  readonly groups: 'eventhubs' | 'kafka'
  readonly initialRebalanceDelayMs: number
  readonly sessionTimeoutMs: { readonly min: number; readonly max: number }
  readonly maxGroups: number
  readonly maxMembers: number
}

/** Microsoft: Event Hubs quotas, "Kafka consumer groups". */
const MAX_GROUP_ID = 256
/** Microsoft: "Apache Kafka configurations", `offset.metadata.max.bytes`. */
const MAX_METADATA_BYTES = 1024
const EMPTY = Buffer.alloc(0)

/** A member, to be looked at. */
export interface MemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly metadata: Buffer
  readonly assignment: Buffer
}

/** A group, to be looked at. */
export interface GroupDescription {
  readonly groupId: string
  readonly state: string
  readonly generationId: number
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly MemberDescription[]
}

/** All groups of the namespace. They have nothing to do with the consumer groups of event hubs. */
export class Coordinator {
  #settings: CoordinatorSettings
  #clock: Clock
  #groups = new Map<string, Group>()

  constructor(settings: CoordinatorSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  join(groupId: string, version: number, request: Omit<JoinRequest, 'requiresMemberId' | 'knowsSkipAssignment'>) {
    const refused = (errorCode: number): JoinAnswer => ({ errorCode, memberId: request.memberId })
    if (!isGroupId(groupId)) return refused(ERROR.invalidGroupId)
    const { min, max } = this.#settings.sessionTimeoutMs
    if (request.sessionTimeoutMs < min || request.sessionTimeoutMs > max) return refused(ERROR.invalidSessionTimeout)
    const existing = this.#groups.get(groupId)
    if (!existing && request.memberId !== '') return refused(ERROR.unknownMemberId)
    const group = existing ?? this.#create(groupId)
    if (!group) return refused(ERROR.policyViolation)
    const answer = group.join({
      ...request,
      requiresMemberId: this.#settings.groups === 'kafka' && version >= 4,
      knowsSkipAssignment: version >= 9,
    })
    if (group.isDeserted) this.#forgetIfEmpty(group)
    return answer
  }

  sync(groupId: string, request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    return (
      this.#groups.get(groupId)?.sync(request) ?? {
        errorCode: isGroupId(groupId) ? ERROR.unknownMemberId : ERROR.invalidGroupId,
        assignment: EMPTY,
      }
    )
  }

  heartbeat(groupId: string, identity: MemberIdentity): number {
    return this.#groups.get(groupId)?.heartbeat(identity) ?? ERROR.unknownMemberId
  }

  leave(groupId: string, member: { memberId: string; groupInstanceId: string | null }): number {
    return this.#groups.get(groupId)?.leave(member) ?? ERROR.unknownMemberId
  }

  /** Stores one offset, unless its sender may not: then the error's code. */
  commit(groupId: string, identity: MemberIdentity, entry: OffsetEntry): number {
    if (!isGroupId(groupId)) return ERROR.invalidGroupId
    if (Buffer.byteLength(entry.metadata ?? '') > MAX_METADATA_BYTES) return ERROR.offsetMetadataTooLarge
    const existing = this.#groups.get(groupId)
    if (!existing && identity.generationId >= 0) return ERROR.illegalGeneration
    const group = existing ?? this.#create(groupId)
    if (!group) return ERROR.policyViolation
    const refusal = group.admitCommit(identity)
    if (refusal !== ERROR.none) return refusal
    const { topic, partition, ...committed } = entry
    group.offsets.set(topic, partition, committed)
    return ERROR.none
  }

  committed(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(groupId)?.offsets.get(topic, partition)
  }

  offsetsOf(groupId: string): readonly OffsetEntry[] {
    return this.#groups.get(groupId)?.offsets.list() ?? []
  }

  /** In the order of their names. Those without members only where Kafka lists them. */
  list(): GroupDescription[] {
    return [...this.#groups.keys()]
      .sort()
      .map((id) => this.describe(id))
      .filter(({ state }) => state !== 'Dead')
  }

  /** Each group that is known of, also one of which only offsets are left. */
  ids(): string[] {
    return [...this.#groups.keys()].sort()
  }

  describe(groupId: string): GroupDescription {
    const group = this.#groups.get(groupId)
    if (!group || (group.memberCount === 0 && this.#settings.groups === 'eventhubs')) {
      return { groupId, state: 'Dead', generationId: 0, protocolType: '', protocol: '', members: [] }
    }
    const protocol = group.state === 'PreparingRebalance' ? '' : (group.protocolName ?? '')
    return {
      groupId,
      state: group.state,
      generationId: group.generationId,
      protocolType: group.protocolType,
      protocol,
      members: group.members.map((member) => ({
        memberId: member.id,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        metadata: member.metadataOf(protocol),
        assignment: member.assignment,
      })),
    }
  }

  delete(groupId: string): number {
    const group = this.#groups.get(groupId)
    if (!group) return ERROR.groupIdNotFound
    if (!group.isDeserted) return ERROR.nonEmptyGroup
    group.end()
    this.#groups.delete(groupId)
    return ERROR.none
  }

  /** Forgets the offsets of an event hub that is gone. */
  forgetTopic(topic: string): void {
    for (const group of [...this.#groups.values()]) {
      group.offsets.forget(topic)
      this.#forgetIfEmpty(group)
    }
  }

  /** False when the group has no members. */
  rebalance(groupId: string): boolean {
    return this.#groups.get(groupId)?.rebalance() ?? false
  }

  expire(groupId: string, memberId?: string): number {
    return this.#groups.get(groupId)?.expire(memberId) ?? 0
  }

  /** Answers what waits and leaves no timer. */
  close(): void {
    for (const group of this.#groups.values()) group.end()
    this.#groups.clear()
  }

  #create(groupId: string): Group | undefined {
    if (this.#groups.size >= this.#settings.maxGroups) this.#forgetEmptyGroups()
    if (this.#groups.size >= this.#settings.maxGroups) return undefined
    const group = new Group(groupId, {
      clock: this.#clock,
      initialRebalanceDelayMs: this.#settings.initialRebalanceDelayMs,
      maxMembers: this.#settings.maxMembers,
      onEmpty: (empty) => this.#forgetIfEmpty(empty),
    })
    this.#groups.set(groupId, group)
    return group
  }

  /** A group that nobody is in and that has no offsets is none. Kafka lists it for a while all the same. */
  #forgetIfEmpty(group: Group): void {
    if (this.#settings.groups === 'kafka') return
    if (group.isDeserted && group.offsets.isEmpty) this.#groups.delete(group.id)
  }

  #forgetEmptyGroups(): void {
    for (const group of this.#groups.values()) {
      if (group.isDeserted && group.offsets.isEmpty) this.#groups.delete(group.id)
    }
  }
}

function isGroupId(groupId: string): boolean {
  return groupId !== '' && groupId.length <= MAX_GROUP_ID
}
