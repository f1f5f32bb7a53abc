import type { AmqpError } from '../codec/performative.js'
import type { Wire } from '../wire.js'

/** The part of a session that its links use. */
export interface ParentSession {
  readonly peer: ParentPeer
  readonly wire: Wire
  readonly channel: number
  /** Of the newest delivery that came in. */
  lastDeliveryId: number
  /** Transfers that can leave now. */
  readonly outgoingWindow: number
  write(performative: Buffer): void
  nextDeliveryId(): number
  countTransfer(): void
  settle(deliveryId: number, state: Buffer): void
  /** Has the link write its flow with the others that do, at the end of what is read now. */
  flowLater(link: object): void
  tellOutcomes(): void
  writeFlow(link?: { handle: number; deliveryCount: number; credit: number; drain: boolean }): void
}

/** The part of a connection that its sessions and links use. */
export interface ParentPeer {
  readonly wire: Wire
  readonly maxFrameSize: number
  readonly events: { onReceivingLink(link: object): void; onSendingLink(link: object): void }
  fits(performative: Buffer): boolean
  fitting(error: AmqpError): AmqpError
  writeLater(session: object): void
  linkNamed(name: string, isReceiver: boolean): { detach(error?: AmqpError): void } | undefined
}
