import type { Clock } from '../clock.js'
import type { JoinAnswer, JoinRequest, Protocol, SyncAnswer } from './answers.js'

const EMPTY = Buffer.alloc(0)

/** A member of a group: what it can, what it was given, and which of its requests wait for an answer. */
export class Member {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs = 0
  rebalanceTimeoutMs = 0
  /** In its order of preference. */
  protocols: readonly Protocol[] = []
  assignment: Buffer = EMPTY
  /** True until it has had an answer to a join. */
  isNew = true
  /** True from a join until it asks for its assignment. */
  owesSync = false
  #clock: Clock
  #expire: (member: Member) => void
  #join: ((answer: JoinAnswer) => void) | undefined
  #sync: ((answer: SyncAnswer) => void) | undefined
  #stopSession: (() => void) | undefined

  constructor(options: { id: string; request: JoinRequest; clock: Clock; expire: (member: Member) => void }) {
    const { id, request, clock, expire } = options
    this.id = id
    this.instanceId = request.groupInstanceId
    this.clientId = request.clientId
    this.clientHost = request.clientHost
    this.#clock = clock
    this.#expire = expire
    this.update(request)
  }

  update({ sessionTimeoutMs, rebalanceTimeoutMs, protocols }: JoinRequest): void {
    this.sessionTimeoutMs = sessionTimeoutMs
    this.rebalanceTimeoutMs = rebalanceTimeoutMs
    this.protocols = protocols
  }

  metadataOf(protocol: string): Buffer {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? EMPTY
  }

  /** True for a join that says the same as the one before it. */
  hasSameProtocols(protocols: readonly Protocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, index) => {
        const own = this.protocols[index] as Protocol
        return own.name === name && own.metadata.equals(metadata)
      })
    )
  }

  get isJoining(): boolean {
    return this.#join !== undefined
  }

  /** Parks a join. While a request waits, its sender can't be expected to send heartbeats. */
  parkJoin(limitMs: number | undefined): Promise<JoinAnswer> {
    this.#stopSession?.()
    this.#stopSession = limitMs === undefined ? undefined : this.#clock.after(limitMs, () => this.#expire(this))
    return new Promise((resolve) => {
      // A join that is repeated replaces the one before: that came by a connection which is gone.
      this.#join = resolve
    })
  }

  parkSync(): Promise<SyncAnswer> {
    this.#stopSession?.()
    return new Promise((resolve) => {
      this.#sync = resolve
    })
  }

  answerJoin(answer: JoinAnswer): void {
    this.isNew = false
    this.heard()
    this.#join?.(answer)
    this.#join = undefined
  }

  answerSync(answer: SyncAnswer): void {
    if (!this.#sync) return
    this.heard()
    this.#sync(answer)
    this.#sync = undefined
  }

  /** The session starts anew, unless a request of the member waits here. */
  heard(): void {
    this.#stopSession?.()
    this.#stopSession = this.#clock.after(this.sessionTimeoutMs, () => {
      this.#expire(this)
    })
  }

  /** It is out: what waits is answered, no timer is left. */
  dismiss(errorCode: number): void {
    this.#join?.({ errorCode, memberId: '' })
    this.#sync?.({ errorCode, assignment: EMPTY })
    this.#join = undefined
    this.#sync = undefined
    this.#stopSession?.()
  }
}
