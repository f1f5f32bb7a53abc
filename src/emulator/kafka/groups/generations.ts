import type { Clock } from '../clock.js'
import { ERROR } from '../protocol/error-codes.js'
import type { JoinAnswer, SyncAnswer, SyncRequest } from './answers.js'
import type { Member } from './member.js'
import type { Roster } from './roster.js'

/** The word a group's state has in the protocol. */
export type GroupStateName = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

type State =
  | { readonly name: 'Empty' | 'Stable' | 'Dead' }
  | {
      readonly name: 'PreparingRebalance'
      /** True while the first members are waited for, for a fixed time, rather than for all to be there. */
      readonly isInitial: boolean
      stopTimer(): void
    }
  | { readonly name: 'CompletingRebalance'; stopTimer(): void }

const EMPTY = Buffer.alloc(0)

export interface GenerationsOptions {
  readonly roster: Roster
  readonly clock: Clock
  /** The time the first members of an empty group wait for others. */
  readonly initialRebalanceDelayMs: number
  /** Called when the last member has gone. */
  onDeserted(): void
}

/** The generations of a group: how its members come together, are given their shares, and part again. */
export class Generations {
  #options: GenerationsOptions
  #roster: Roster
  #state: State = { name: 'Empty' }
  #id = 0
  #protocolName: string | null = null
  #leader: string | undefined

  constructor(options: GenerationsOptions) {
    this.#options = options
    this.#roster = options.roster
  }

  get state(): GroupStateName {
    return this.#state.name
  }

  get id(): number {
    return this.#id
  }

  get protocolName(): string | null {
    return this.#protocolName
  }

  get leader(): string | undefined {
    return this.#leader
  }

  /** The first to come leads. */
  offerLead(memberId: string): void {
    this.#leader ??= memberId
  }

  /** A leader has come back under a new id. */
  passLead(memberId: string): void {
    this.#leader = memberId
  }

  /** It is over with the group. */
  end(): void {
    this.#enter({ name: 'Dead' })
  }

  /** Makes the members join anew. */
  prepare(): void {
    if (this.#state.name === 'CompletingRebalance') {
      for (const member of this.#roster.members) {
        member.assignment = EMPTY
        member.answerSync({ errorCode: ERROR.rebalanceInProgress, assignment: EMPTY })
      }
    }
    if (this.#state.name !== 'PreparingRebalance') {
      const isInitial = this.#state.name === 'Empty' && this.#options.initialRebalanceDelayMs > 0
      if (isInitial) this.#waitForFirstMembers(this.#roster.rebalanceTimeoutMs)
      else {
        const stopTimer = this.#options.clock.after(this.#roster.rebalanceTimeoutMs, () => this.#complete())
        this.#enter({ name: 'PreparingRebalance', isInitial, stopTimer })
      }
    }
    this.completeIfAllJoined()
  }

  /** Each time the delay ends and somebody has come meanwhile it begins anew, up to the rebalance time-out in all. */
  #waitForFirstMembers(leftMs: number): void {
    const before = this.#roster.size
    const delay = Math.min(this.#options.initialRebalanceDelayMs, leftMs)
    const stopTimer = this.#options.clock.after(delay, () => {
      if (this.#roster.size > before && leftMs > delay) this.#waitForFirstMembers(leftMs - delay)
      else this.#complete()
    })
    this.#enter({ name: 'PreparingRebalance', isInitial: true, stopTimer })
  }

  /** Ends the joins early when nobody is waited for any more. */
  completeIfAllJoined(): void {
    if (this.#state.name !== 'PreparingRebalance' || this.#roster.pendingCount > 0) return
    if (this.#state.isInitial && this.#roster.size > 0) return
    if (this.#roster.members.every((member) => member.isJoining)) this.#complete()
  }

  /** The joins are over: whoever has come is the next generation. */
  #complete(): void {
    for (const member of this.#roster.members) {
      if (!member.isJoining && member.instanceId === null) this.#drop(member)
    }
    const joined = this.#roster.members.filter((member) => member.isJoining)
    if (joined.length === 0 && this.#roster.size > 0) {
      // Only static members are left, and none of them has come yet.
      const stopTimer = this.#options.clock.after(this.#roster.rebalanceTimeoutMs, () => this.#complete())
      this.#enter({ name: 'PreparingRebalance', isInitial: false, stopTimer })
      return
    }
    this.#id++
    if (joined.length === 0) {
      this.#protocolName = null
      this.#leader = undefined
      this.#enter({ name: 'Empty' })
      if (this.#roster.isDeserted) this.#options.onDeserted()
      return
    }
    if (!joined.some(({ id }) => id === this.#leader)) this.#leader = joined[0]?.id
    this.#protocolName = this.#roster.selectProtocol()
    const stopTimer = this.#options.clock.after(this.#roster.rebalanceTimeoutMs, () => this.#dropWhoOwesSync())
    this.#enter({ name: 'CompletingRebalance', stopTimer })
    for (const member of this.#roster.members) {
      member.owesSync = true
      member.answerJoin(this.joined(member, member.id === this.#leader))
    }
  }

  /** The answer to a member of the current generation; only the leader learns of the others. */
  joined(member: Member, withMembers: boolean): JoinAnswer {
    const protocolName = this.#protocolName
    return {
      errorCode: ERROR.none,
      memberId: member.id,
      generationId: this.#id,
      protocolType: this.#roster.protocolType,
      protocolName,
      leader: this.#leader ?? '',
      members: withMembers
        ? this.#roster.members.map((each) => ({
            memberId: each.id,
            groupInstanceId: each.instanceId,
            metadata: each.metadataOf(protocolName ?? ''),
          }))
        : [],
    }
  }

  /** The leader has shared out. */
  assign(assignments: SyncRequest['assignments']): void {
    const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    for (const member of this.#roster.members) {
      // A copy: the request's bytes would keep alive all of it.
      member.assignment = Buffer.from(given.get(member.id) ?? EMPTY)
    }
    this.#enter({ name: 'Stable' })
    for (const member of this.#roster.members) member.answerSync(this.assigned(member))
    // Whoever has not asked yet asks in time or is out.
    if (this.#roster.members.some((member) => member.owesSync)) {
      this.#options.clock.after(this.#roster.rebalanceTimeoutMs, this.#ifStill(this.#id, 'Stable'))
    }
  }

  /** The answer to a member that asks for its share. */
  assigned(member: Member): SyncAnswer {
    return {
      errorCode: ERROR.none,
      protocolType: this.#roster.protocolType,
      protocolName: this.#protocolName,
      assignment: member.assignment,
    }
  }

  #ifStill(generationId: number, name: GroupStateName): () => void {
    return () => {
      if (this.#id === generationId && this.#state.name === name) this.#dropWhoOwesSync()
    }
  }

  #dropWhoOwesSync(): void {
    const late = this.#roster.members.filter((member) => member.owesSync)
    for (const member of late) this.#drop(member)
    if (late.length > 0) this.prepare()
  }

  #drop(member: Member): void {
    this.#roster.remove(member)
    if (this.#leader === member.id) this.#leader = this.#roster.members[0]?.id
    member.dismiss(ERROR.unknownMemberId)
  }

  /** A member leaves or has not been heard of: the others share what it had. */
  remove(member: Member): void {
    if (this.#roster.get(member.id) !== member) return
    this.#drop(member)
    if (this.#state.name === 'PreparingRebalance') this.completeIfAllJoined()
    else this.prepare()
  }

  #enter(state: State): void {
    if ('stopTimer' in this.#state) this.#state.stopTimer()
    this.#state = state
  }
}
