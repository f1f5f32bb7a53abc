/** A way to share partitions out that a member knows, with what it says to the one who does it. */
export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

/** A join, whatever version it came in. */
export interface JoinRequest {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly Protocol[]
  /** True to send a member without an id away with one first. KIP-394. */
  readonly requiresMemberId: boolean
  /** True for a static leader that may be told, when it comes back, not to assign. KIP-814. */
  readonly knowsSkipAssignment: boolean
}

/** The answer to a join. */
export interface JoinAnswer {
  readonly errorCode: number
  readonly memberId: string
  readonly generationId?: number
  readonly protocolType?: string | null
  readonly protocolName?: string | null
  readonly leader?: string
  readonly skipAssignment?: boolean
  readonly members?: readonly { memberId: string; groupInstanceId: string | null; metadata: Buffer }[]
}

/** The answer to who asks for an assignment. */
export interface SyncAnswer {
  readonly errorCode: number
  readonly protocolType?: string | null
  readonly protocolName?: string | null
  readonly assignment: Buffer
}

/** The member a request says it comes from. */
export interface MemberIdentity {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationId: number
}

export interface SyncRequest extends MemberIdentity {
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}
