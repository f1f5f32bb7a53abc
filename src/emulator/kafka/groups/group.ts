import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import { ERROR } from '../protocol/error-codes.js'
import type { JoinAnswer, JoinRequest, MemberIdentity, Protocol, SyncAnswer, SyncRequest } from './answers.js'
import { Member } from './member.js'
import { Offsets } from './offsets.js'

/** The word a group's state has in the protocol. */
export type GroupStateName = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

type State =
  | { readonly name: 'Empty' | 'Stable' | 'Dead' }
  | {
      readonly name: 'PreparingRebalance'
      /** Whether the first members are waited for, for a fixed time, rather than for all to be there. */
      readonly isInitial: boolean
      stopTimer(): void
    }
  | { readonly name: 'CompletingRebalance'; stopTimer(): void }

/** A join of somebody new waits no longer than this. Source: apache/kafka, `NewMemberJoinTimeoutMs`. */
const NEW_MEMBER_MS = 300_000
const EMPTY = Buffer.alloc(0)

export interface GroupOptions {
  readonly clock: Clock
  /** How long the first members of an empty group wait for others. */
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
  #state: State = { name: 'Empty' }
  #members = new Map<string, Member>()
  /** Members that come by `group.instance.id`. */
  #static = new Map<string, string>()
  /** Ids given away whose holders have not joined yet, each with the end of its timer. */
  #pending = new Map<string, () => void>()
  #generationId = 0
  #protocolType: string | null = null
  #protocolName: string | null = null
  #leader: string | undefined

  constructor(id: string, options: GroupOptions) {
    this.id = id
    this.#options = options
  }

  get state(): GroupStateName {
    return this.#state.name
  }

  get generationId(): number {
    return this.#generationId
  }

  get protocolType(): string {
    return this.#protocolType ?? ''
  }

  get protocolName(): string | null {
    return this.#protocolName
  }

  get leader(): string | undefined {
    return this.#leader
  }

  get members(): readonly Member[] {
    return [...this.#members.values()]
  }

  get memberCount(): number {
    return this.#members.size
  }

  get isDeserted(): boolean {
    return this.#members.size === 0 && this.#pending.size === 0
  }

  join(request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const { memberId, groupInstanceId, protocolType, protocols } = request
    const instance = groupInstanceId === null ? undefined : this.#static.get(groupInstanceId)
    const isKnown = this.#members.has(memberId) || instance !== undefined
    if (
      !isKnown &&
      this.#members.size + this.#pending.size >= this.#options.maxMembers &&
      !this.#pending.has(memberId)
    ) {
      return { errorCode: ERROR.groupMaxSizeReached, memberId: '' }
    }
    if (!this.#canHave(protocolType, protocols)) return { errorCode: ERROR.inconsistentGroupProtocol, memberId }
    if (memberId === '') return this.#joinWithoutId(request, instance)
    if (this.#pending.has(memberId)) return this.#admit(memberId, request)
    if (groupInstanceId !== null && instance !== memberId) {
      return { errorCode: instance === undefined ? ERROR.unknownMemberId : ERROR.fencedInstanceId, memberId }
    }
    const member = this.#members.get(memberId)
    if (!member) return { errorCode: ERROR.unknownMemberId, memberId }
    return this.#rejoin(member, request)
  }

  sync(request: SyncRequest): SyncAnswer | Promise<SyncAnswer> {
    const member = this.#identify(request)
    if (typeof member === 'number') return { errorCode: member, assignment: EMPTY }
    const { protocolType, protocolName } = request
    if (
      (protocolType !== null && protocolType !== this.#protocolType) ||
      (protocolName !== null && protocolName !== this.#protocolName)
    ) {
      return { errorCode: ERROR.inconsistentGroupProtocol, assignment: EMPTY }
    }
    switch (this.#state.name) {
      case 'PreparingRebalance':
        return { errorCode: ERROR.rebalanceInProgress, assignment: EMPTY }
      case 'CompletingRebalance': {
        member.owesSync = false
        const answer = member.parkSync()
        if (member.id === this.#leader) this.#assign(request.assignments)
        return answer
      }
      case 'Stable':
        member.owesSync = false
        member.heard()
        return this.#assigned(member)
      default:
        return { errorCode: ERROR.unknownMemberId, assignment: EMPTY }
    }
  }

  heartbeat(identity: MemberIdentity): number {
    const member = this.#identify(identity)
    if (typeof member === 'number') return member
    member.heard()
    return this.#state.name === 'PreparingRebalance' ? ERROR.rebalanceInProgress : ERROR.none
  }

  /** A static member may be named by its instance alone: that is an administrator's doing. */
  leave({ memberId, groupInstanceId }: { memberId: string; groupInstanceId: string | null }): number {
    const instance = groupInstanceId === null ? undefined : this.#static.get(groupInstanceId)
    if (groupInstanceId !== null && instance === undefined) return ERROR.unknownMemberId
    if (instance !== undefined && memberId !== '' && memberId !== instance) return ERROR.fencedInstanceId
    const id = instance ?? memberId
    if (this.#forgetPending(id)) {
      this.#completeIfAllJoined()
      return ERROR.none
    }
    const member = this.#members.get(id)
    if (!member) return ERROR.unknownMemberId
    this.#remove(member)
    return ERROR.none
  }

  /** Whether a commit may be stored, as an error's code. A member that commits is alive. */
  admitCommit(identity: MemberIdentity): number {
    const { generationId, memberId, groupInstanceId } = identity
    if (generationId < 0 && this.#members.size === 0) return ERROR.none
    if (generationId < 0 && memberId === '' && groupInstanceId === null) return ERROR.unknownMemberId
    const member = this.#identify(identity)
    if (typeof member === 'number') return member
    if (this.#state.name === 'CompletingRebalance') return ERROR.rebalanceInProgress
    member.heard()
    return ERROR.none
  }

  /** Makes the members join anew. False when there are none. */
  rebalance(): boolean {
    if (this.#members.size === 0) return false
    this.#prepareRebalance()
    return true
  }

  /** Ends the session of one member, or of all. Returns how many. */
  expire(memberId?: string): number {
    const members = this.members.filter(({ id }) => memberId === undefined || id === memberId)
    for (const member of members) this.#remove(member)
    return members.length
  }

  /** It is deleted, or the emulator closes: nothing waits any more. */
  end(): void {
    for (const stop of this.#pending.values()) stop()
    for (const member of this.#members.values()) member.dismiss(ERROR.unknownMemberId)
    this.#pending.clear()
    this.#members.clear()
    this.#static.clear()
    this.#enter({ name: 'Dead' })
  }

  #enter(state: State): void {
    if ('stopTimer' in this.#state) this.#state.stopTimer()
    this.#state = state
  }

  /** Who it is that speaks, or why not. A group without members knows nobody. */
  #identify({ memberId, groupInstanceId, generationId }: MemberIdentity): Member | number {
    if (groupInstanceId !== null) {
      const instance = this.#static.get(groupInstanceId)
      if (instance === undefined) return ERROR.unknownMemberId
      if (instance !== memberId) return ERROR.fencedInstanceId
    }
    const member = this.#members.get(memberId)
    if (!member) return ERROR.unknownMemberId
    return generationId === this.#generationId ? member : ERROR.illegalGeneration
  }

  #canHave(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.#members.size === 0) return true
    if (protocolType !== this.#protocolType) return false
    return protocols.some(({ name }) => this.#isCommon(name))
  }

  #isCommon(protocol: string): boolean {
    for (const { protocols } of this.#members.values()) {
      if (!protocols.some(({ name }) => name === protocol)) return false
    }
    return true
  }

  #joinWithoutId(request: JoinRequest, instance: string | undefined): JoinAnswer | Promise<JoinAnswer> {
    const { groupInstanceId, clientId } = request
    const id = `${groupInstanceId ?? clientId}-${randomUUID()}`
    const predecessor = instance === undefined ? undefined : this.#members.get(instance)
    if (predecessor) return this.#replace(predecessor, id, request)
    if (groupInstanceId !== null || !request.requiresMemberId) return this.#admit(id, request)
    const stop = this.#options.clock.after(request.sessionTimeoutMs, () => {
      this.#forgetPending(id)
      this.#completeIfAllJoined()
      if (this.isDeserted) this.#options.onEmpty(this)
    })
    this.#pending.set(id, stop)
    return { errorCode: ERROR.memberIdRequired, memberId: id }
  }

  #forgetPending(id: string): boolean {
    this.#pending.get(id)?.()
    return this.#pending.delete(id)
  }

  #newMember(id: string, request: JoinRequest): Member {
    const expire = (member: Member) => this.#remove(member)
    const member = new Member({ id, request, clock: this.#options.clock, expire })
    if (this.#members.size === 0) this.#protocolType = request.protocolType
    this.#members.set(id, member)
    if (member.instanceId !== null) this.#static.set(member.instanceId, id)
    return member
  }

  #admit(id: string, request: JoinRequest): Promise<JoinAnswer> {
    this.#forgetPending(id)
    const member = this.#newMember(id, request)
    this.#leader ??= id
    const answer = member.parkJoin(NEW_MEMBER_MS)
    this.#prepareRebalance()
    return answer
  }

  /** A static member comes back under a new id. With the same protocol nobody else notices. */
  #replace(predecessor: Member, id: string, request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const wasLeader = this.#leader === predecessor.id
    const { assignment, owesSync } = predecessor
    this.#members.delete(predecessor.id)
    predecessor.dismiss(ERROR.fencedInstanceId)
    const member = this.#newMember(id, request)
    member.assignment = assignment
    member.owesSync = owesSync
    if (wasLeader) this.#leader = id
    if (this.#state.name !== 'Stable' || this.#selectProtocol() !== this.#protocolName) {
      const answer = member.parkJoin(NEW_MEMBER_MS)
      this.#prepareRebalance()
      return answer
    }
    member.isNew = false
    member.heard()
    const skipAssignment = wasLeader && request.knowsSkipAssignment
    return {
      ...this.#joined(member, skipAssignment),
      // An old client that sees itself lead would assign, and nobody would be told.
      leader: wasLeader && !skipAssignment ? predecessor.id : (this.#leader ?? ''),
      skipAssignment,
    }
  }

  #rejoin(member: Member, request: JoinRequest): JoinAnswer | Promise<JoinAnswer> {
    const isSame = member.hasSameProtocols(request.protocols)
    const isLeader = member.id === this.#leader
    const isSettled =
      isSame && (this.#state.name === 'CompletingRebalance' || (this.#state.name === 'Stable' && !isLeader))
    member.update(request)
    if (isSettled) {
      member.heard()
      return this.#joined(member, isLeader)
    }
    const answer = member.parkJoin(member.isNew ? NEW_MEMBER_MS : undefined)
    this.#prepareRebalance()
    return answer
  }

  /** What a member of the current generation is told; only the leader learns of the others. */
  #joined(member: Member, withMembers: boolean): JoinAnswer {
    const protocolName = this.#protocolName
    return {
      errorCode: ERROR.none,
      memberId: member.id,
      generationId: this.#generationId,
      protocolType: this.#protocolType,
      protocolName,
      leader: this.#leader ?? '',
      members: withMembers
        ? this.members.map((each) => ({
            memberId: each.id,
            groupInstanceId: each.instanceId,
            metadata: each.metadataOf(protocolName ?? ''),
          }))
        : [],
    }
  }

  #prepareRebalance(): void {
    if (this.#state.name === 'CompletingRebalance') {
      for (const member of this.#members.values()) {
        member.assignment = EMPTY
        member.answerSync({ errorCode: ERROR.rebalanceInProgress, assignment: EMPTY })
      }
    }
    if (this.#state.name !== 'PreparingRebalance') {
      const isInitial = this.#state.name === 'Empty' && this.#options.initialRebalanceDelayMs > 0
      if (isInitial) this.#waitForFirstMembers(this.#rebalanceTimeoutMs())
      else {
        const stopTimer = this.#options.clock.after(this.#rebalanceTimeoutMs(), () => this.#complete())
        this.#enter({ name: 'PreparingRebalance', isInitial, stopTimer })
      }
    }
    this.#completeIfAllJoined()
  }

  /** Each time the delay ends and somebody has come meanwhile it begins anew, up to the rebalance time-out in all. */
  #waitForFirstMembers(leftMs: number): void {
    const before = this.#members.size
    const delay = Math.min(this.#options.initialRebalanceDelayMs, leftMs)
    const stopTimer = this.#options.clock.after(delay, () => {
      if (this.#members.size > before && leftMs > delay) this.#waitForFirstMembers(leftMs - delay)
      else this.#complete()
    })
    this.#enter({ name: 'PreparingRebalance', isInitial: true, stopTimer })
  }

  #rebalanceTimeoutMs(): number {
    return this.members.reduce((most, { rebalanceTimeoutMs }) => Math.max(most, rebalanceTimeoutMs), 0)
  }

  #completeIfAllJoined(): void {
    if (this.#state.name !== 'PreparingRebalance' || this.#pending.size > 0) return
    if (this.#state.isInitial && this.#members.size > 0) return
    if (this.members.every((member) => member.isJoining)) this.#complete()
  }

  /** The joins are over: whoever has come is the next generation. */
  #complete(): void {
    for (const member of this.members) {
      if (!member.isJoining && member.instanceId === null) this.#drop(member)
    }
    const joined = this.members.filter((member) => member.isJoining)
    if (joined.length === 0 && this.#members.size > 0) {
      // Only static members are left, and none of them has come yet.
      const stopTimer = this.#options.clock.after(this.#rebalanceTimeoutMs(), () => this.#complete())
      this.#enter({ name: 'PreparingRebalance', isInitial: false, stopTimer })
      return
    }
    this.#generationId++
    if (joined.length === 0) {
      this.#protocolName = null
      this.#leader = undefined
      this.#enter({ name: 'Empty' })
      if (this.isDeserted) this.#options.onEmpty(this)
      return
    }
    if (!joined.some(({ id }) => id === this.#leader)) this.#leader = joined[0]?.id
    this.#protocolName = this.#selectProtocol()
    const stopTimer = this.#options.clock.after(this.#rebalanceTimeoutMs(), () => this.#dropWhoOwesSync())
    this.#enter({ name: 'CompletingRebalance', stopTimer })
    for (const member of this.members) {
      member.owesSync = true
      member.answerJoin(this.#joined(member, member.id === this.#leader))
    }
  }

  /** Among those that all know, the one most members name first. */
  #selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.#members.values()) {
      const vote = protocols.find(({ name }) => this.#isCommon(name))?.name
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    return [...votes].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0] as [string, number])[0]
  }

  #assign(assignments: SyncRequest['assignments']): void {
    const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    for (const member of this.#members.values()) {
      // A copy: the request's bytes would keep alive all of it.
      member.assignment = Buffer.from(given.get(member.id) ?? EMPTY)
    }
    this.#enter({ name: 'Stable' })
    for (const member of this.#members.values()) member.answerSync(this.#assigned(member))
    // Whoever has not asked yet asks in time or is out.
    if (this.members.some((member) => member.owesSync)) {
      this.#options.clock.after(this.#rebalanceTimeoutMs(), this.#ifStill(this.#generationId, 'Stable'))
    }
  }

  #ifStill(generationId: number, name: GroupStateName): () => void {
    return () => {
      if (this.#generationId === generationId && this.#state.name === name) this.#dropWhoOwesSync()
    }
  }

  #assigned(member: Member): SyncAnswer {
    return {
      errorCode: ERROR.none,
      protocolType: this.#protocolType,
      protocolName: this.#protocolName,
      assignment: member.assignment,
    }
  }

  #dropWhoOwesSync(): void {
    const late = this.members.filter((member) => member.owesSync)
    for (const member of late) this.#drop(member)
    if (late.length > 0) this.#prepareRebalance()
  }

  #drop(member: Member): void {
    this.#members.delete(member.id)
    if (member.instanceId !== null && this.#static.get(member.instanceId) === member.id) {
      this.#static.delete(member.instanceId)
    }
    if (this.#leader === member.id) this.#leader = this.members[0]?.id
    member.dismiss(ERROR.unknownMemberId)
  }

  /** A member leaves or has not been heard of: the others share what it had. */
  #remove(member: Member): void {
    if (this.#members.get(member.id) !== member) return
    this.#drop(member)
    if (this.#state.name === 'PreparingRebalance') this.#completeIfAllJoined()
    else this.#prepareRebalance()
  }
}
