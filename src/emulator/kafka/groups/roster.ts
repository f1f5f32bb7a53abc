import type { Protocol } from './answers.js'
import type { Member } from './member.js'

/** The members of a group, those about to be, and what they can all speak. */
export class Roster {
  /** Of the members' protocols. Kept when all have gone. */
  #protocolType: string | null = null
  #members = new Map<string, Member>()
  /** Members that come by `group.instance.id`. */
  #static = new Map<string, string>()
  /** Ids given away whose holders have not joined yet, each with the end of its timer. */
  #pending = new Map<string, () => void>()

  get protocolType(): string | null {
    return this.#protocolType
  }

  get members(): readonly Member[] {
    return [...this.#members.values()]
  }

  get size(): number {
    return this.#members.size
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  get isDeserted(): boolean {
    return this.#members.size === 0 && this.#pending.size === 0
  }

  /** The longest of the members' rebalance time-outs. */
  get rebalanceTimeoutMs(): number {
    return this.members.reduce((most, { rebalanceTimeoutMs }) => Math.max(most, rebalanceTimeoutMs), 0)
  }

  has(memberId: string): boolean {
    return this.#members.has(memberId)
  }

  get(memberId: string): Member | undefined {
    return this.#members.get(memberId)
  }

  /** The id of the member that came by a `group.instance.id`. */
  byInstance(groupInstanceId: string | null): string | undefined {
    return groupInstanceId === null ? undefined : this.#static.get(groupInstanceId)
  }

  add(member: Member, protocolType: string): void {
    if (this.#members.size === 0) this.#protocolType = protocolType
    this.#members.set(member.id, member)
    if (member.instanceId !== null) this.#static.set(member.instanceId, member.id)
  }

  remove(member: Member): void {
    this.#members.delete(member.id)
    if (member.instanceId !== null && this.#static.get(member.instanceId) === member.id) {
      this.#static.delete(member.instanceId)
    }
  }

  isPending(memberId: string): boolean {
    return this.#pending.has(memberId)
  }

  /** An id is given away; `stop` ends the wait for whoever holds it. */
  expect(memberId: string, stop: () => void): void {
    this.#pending.set(memberId, stop)
  }

  forgetPending(id: string): boolean {
    this.#pending.get(id)?.()
    return this.#pending.delete(id)
  }

  /** Nobody is here or expected any more; what waits is answered. */
  dismiss(errorCode: number): void {
    for (const stop of this.#pending.values()) stop()
    for (const member of this.#members.values()) member.dismiss(errorCode)
    this.#pending.clear()
    this.#members.clear()
    this.#static.clear()
  }

  /** True for somebody who speaks these and so may be a member. */
  canHave(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.#members.size === 0) return true
    if (protocolType !== this.#protocolType) return false
    return protocols.some(({ name }) => this.#isCommon(name))
  }

  /** Among those that all know, the one most members name first. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const { protocols } of this.#members.values()) {
      const vote = protocols.find(({ name }) => this.#isCommon(name))?.name
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    return [...votes].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0] as [string, number])[0]
  }

  #isCommon(protocol: string): boolean {
    for (const { protocols } of this.#members.values()) {
      if (!protocols.some(({ name }) => name === protocol)) return false
    }
    return true
  }
}
