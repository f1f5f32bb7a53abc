import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import { ERROR } from '../protocol/error-codes.js'
import type { JoinAnswer, JoinRequest, MemberIdentity, SyncAnswer, SyncRequest } from './answers.js'
import { Generations, type GroupStateName } from './generations.js'
import { Member } from './member.js'
import { Offsets } from './offsets.js'
import { Roster } from './roster.js'

/** A join of somebody new waits no longer than this. Source: apache/kafka, `NewMemberJoinTimeoutMs`. */
const NEW_MEMBER_MS = 300_000
const EMPTY = Buffer.alloc(0)

export interface GroupOptions {
  readonly clock: Clock
  /** The time the first members of an empty group wait for others. */
  readonly initialRebalanceDelayMs: number
  readonly maxMembers: number
  /** Called when the last member has gone. */
  onEmpty(group: Group): void
}

/**
 * A group of Kafka's classic protocol: its members, how they come together, and its offsets. Rules: apache/kafka,
 * GroupCoordinator.scala and GroupMetadata.scala.
 */
export class Group {
  readonly id: string
  readonly offsets: Offsets = new Offsets()
  #options: GroupOptions
  #roster: Roster = new Roster()
  #generations: Generations

  constructor(id: string, options: GroupOptions) {
    const { clock, initialRebalanceDelayMs } = options
    this.id = id
    this.#options = options
    const onDeserted = () => options.onEmpty(this)
    this.#generations = new Generations({ roster: this.#roster, clock, initialRebalanceDelayMs, onDeserted })
  }

  get state(): GroupStateName {
    return this.#generations.state
  }

  get generationId(): number {
    return this.#generations.id
  }

  get protocolType(): string {
    return this.#roster.protocolType ?? ''
  }

  get protocolName(): string | null {
    return this.#generations.protocolName
  }

  get leader(): string | undefined {
    return this.#generations.leader
  }

  get members(): readonly Member[] {
    return this.#roster.members
  }

  get memberCount(): number {
    return this.#roster.size
  }

  get isDeserted(): boolean {
    return this.#roster.isDeserted
  }

  join(request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const { memberId, groupInstanceId, protocolType, protocols } = request
    const instance = this.#roster.byInstance(groupInstanceId)
    const isKnown = this.#roster.has(memberId) || instance !== undefined
    if (
      !isKnown &&
      this.#roster.size + this.#roster.pendingCount >= this.#options.maxMembers &&
      !this.#roster.isPending(memberId)
    ) {
      return { errorCode: ERROR.groupMaxSizeReached, memberId: '' }
    }
    if (!this.#roster.canHave(protocolType, protocols)) return { errorCode: ERROR.inconsistentGroupProtocol, memberId }
    if (memberId === '') return this.#joinWithoutId(request, instance)
    if (this.#roster.isPending(memberId)) return this.#admit(memberId, request)
    if (groupInstanceId !== null && instance !== memberId) {
      return { errorCode: instance === undefined ? ERROR.unknownMemberId : ERROR.fencedInstanceId, memberId }
    }
    const member = this.#roster.get(memberId)
    if (!member) return { errorCode: ERROR.unknownMemberId, memberId }
    return this.#rejoin(member, request)
  }

  sync(request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    const member = this.#identify(request)
    if (typeof member === 'number') return { errorCode: member, assignment: EMPTY }
    const { protocolType, protocolName } = request
    if (
      (protocolType !== null && protocolType !== this.#roster.protocolType) ||
      (protocolName !== null && protocolName !== this.#generations.protocolName)
    ) {
      return { errorCode: ERROR.inconsistentGroupProtocol, assignment: EMPTY }
    }
    switch (this.#generations.state) {
      case 'PreparingRebalance':
        return { errorCode: ERROR.rebalanceInProgress, assignment: EMPTY }
      case 'CompletingRebalance': {
        member.owesSync = false
        const answer = member.parkSync()
        if (member.id === this.#generations.leader) this.#generations.assign(request.assignments)
        return answer
      }
      case 'Stable':
        member.owesSync = false
        member.heard()
        return this.#generations.assigned(member)
      default:
        return { errorCode: ERROR.unknownMemberId, assignment: EMPTY }
    }
  }

  heartbeat(identity: MemberIdentity): number {
    const member = this.#identify(identity)
    if (typeof member === 'number') return member
    member.heard()
    return this.#generations.state === 'PreparingRebalance' ? ERROR.rebalanceInProgress : ERROR.none
  }

  /** A static member may be named by its instance alone: that is an administrator's doing. */
  leave({ memberId, groupInstanceId }: { memberId: string; groupInstanceId: string | null }): number {
    const instance = this.#roster.byInstance(groupInstanceId)
    if (groupInstanceId !== null && instance === undefined) return ERROR.unknownMemberId
    if (instance !== undefined && memberId !== '' && memberId !== instance) return ERROR.fencedInstanceId
    const id = instance ?? memberId
    if (this.#roster.forgetPending(id)) {
      this.#generations.completeIfAllJoined()
      return ERROR.none
    }
    const member = this.#roster.get(id)
    if (!member) return ERROR.unknownMemberId
    this.#generations.remove(member)
    return ERROR.none
  }

  /** The error of a commit that may not be stored, or `ERROR.none`. A member that commits is alive. */
  admitCommit(identity: MemberIdentity): number {
    const { generationId, memberId, groupInstanceId } = identity
    if (generationId < 0 && this.#roster.size === 0) return ERROR.none
    if (generationId < 0 && memberId === '' && groupInstanceId === null) return ERROR.unknownMemberId
    const member = this.#identify(identity)
    if (typeof member === 'number') return member
    if (this.#generations.state === 'CompletingRebalance') return ERROR.rebalanceInProgress
    member.heard()
    return ERROR.none
  }

  /** Makes the members join anew. False when there are none. */
  rebalance(): boolean {
    if (this.#roster.size === 0) return false
    this.#generations.prepare()
    return true
  }

  /** Ends the session of one member, or of all. Returns how many. */
  expire(memberId?: string): number {
    const members = this.members.filter(({ id }) => memberId === undefined || id === memberId)
    for (const member of members) this.#generations.remove(member)
    return members.length
  }

  /** It is deleted, or the emulator closes: nothing waits any more. */
  end(): void {
    this.#roster.dismiss(ERROR.unknownMemberId)
    this.#generations.end()
  }

  /** The member that speaks, or why it is none. A group without members knows nobody. */
  #identify({ memberId, groupInstanceId, generationId }: MemberIdentity): Member | number {
    if (groupInstanceId !== null) {
      const instance = this.#roster.byInstance(groupInstanceId)
      if (instance === undefined) return ERROR.unknownMemberId
      if (instance !== memberId) return ERROR.fencedInstanceId
    }
    const member = this.#roster.get(memberId)
    if (!member) return ERROR.unknownMemberId
    return generationId === this.#generations.id ? member : ERROR.illegalGeneration
  }

  #joinWithoutId(request: JoinRequest, instance: string | undefined): JoinAnswer | Promise<JoinAnswer> {
    const { groupInstanceId, clientId } = request
    const id = `${groupInstanceId ?? clientId}-${randomUUID()}`
    const predecessor = instance === undefined ? undefined : this.#roster.get(instance)
    if (predecessor) return this.#replace(predecessor, id, request)
    if (groupInstanceId !== null || !request.requiresMemberId) return this.#admit(id, request)
    const stop = this.#options.clock.after(request.sessionTimeoutMs, () => {
      this.#roster.forgetPending(id)
      this.#generations.completeIfAllJoined()
      if (this.isDeserted) this.#options.onEmpty(this)
    })
    this.#roster.expect(id, stop)
    return { errorCode: ERROR.memberIdRequired, memberId: id }
  }

  #newMember(id: string, request: JoinRequest): Member {
    const expire = (member: Member) => this.#generations.remove(member)
    const member = new Member({ id, request, clock: this.#options.clock, expire })
    this.#roster.add(member, request.protocolType)
    return member
  }

  #admit(id: string, request: JoinRequest): Promise<JoinAnswer> {
    this.#roster.forgetPending(id)
    const member = this.#newMember(id, request)
    this.#generations.offerLead(id)
    const answer = member.parkJoin(NEW_MEMBER_MS)
    this.#generations.prepare()
    return answer
  }

  /** A static member comes back under a new id. With the same protocol nobody else notices. */
  #replace(predecessor: Member, id: string, request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const wasLeader = this.#generations.leader === predecessor.id
    const { assignment, owesSync } = predecessor
    this.#roster.remove(predecessor)
    predecessor.dismiss(ERROR.fencedInstanceId)
    const member = this.#newMember(id, request)
    member.assignment = assignment
    member.owesSync = owesSync
    if (wasLeader) this.#generations.passLead(id)
    if (this.#generations.state !== 'Stable' || this.#roster.selectProtocol() !== this.#generations.protocolName) {
      const answer = member.parkJoin(NEW_MEMBER_MS)
      this.#generations.prepare()
      return answer
    }
    member.isNew = false
    member.heard()
    const skipAssignment = wasLeader && request.knowsSkipAssignment
    return {
      ...this.#generations.joined(member, skipAssignment),
      // An old client that sees itself lead would assign, and nobody would be told.
      leader: wasLeader && !skipAssignment ? predecessor.id : (this.#generations.leader ?? ''),
      skipAssignment,
    }
  }

  #rejoin(member: Member, request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const isSame = member.hasSameProtocols(request.protocols)
    const isLeader = member.id === this.#generations.leader
    const isSettled =
      isSame &&
      (this.#generations.state === 'CompletingRebalance' || (this.#generations.state === 'Stable' && !isLeader))
    member.update(request)
    if (isSettled) {
      member.heard()
      return this.#generations.joined(member, isLeader)
    }
    const answer = member.parkJoin(member.isNew ? NEW_MEMBER_MS : undefined)
    this.#generations.prepare()
    return answer
  }
}
