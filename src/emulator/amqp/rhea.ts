/**
 * The part of rhea that the emulator uses, typed as it behaves in a server, and the few places where its inner workings
 * are touched. Nothing else in the emulator imports it.
 */

import type { EventEmitter } from 'node:events'
import rhea from 'rhea'
import type { ServiceError } from './service-error.js'

export interface AmqpError {
  condition: string
  description?: string
}

/** Source or target of a link, as the peer sent it. */
export interface Terminus {
  readonly address?: string | null
  readonly filter?: Record<string, unknown> | null
}

/** The message of a request or reply: `$cbs` and `$management` only, events are never decoded. */
export interface RheaMessage {
  message_id?: unknown
  correlation_id?: unknown
  reply_to?: string
  application_properties?: Record<string, unknown>
  body?: unknown
}

export interface RheaDelivery {
  readonly id: number
  settled: boolean
  remote_settled: boolean
  state: unknown
  accept(): void
  reject(error: AmqpError): void
}

interface LinkCommon {
  readonly name: string
  readonly session: RheaSession
  /** What the peer attached with. */
  readonly source: Terminus | null | undefined
  readonly target: Terminus | null | undefined
  readonly snd_settle_mode: number | undefined
  readonly properties: Record<string, unknown> | null | undefined
  readonly desired_capabilities: string | readonly string[] | null | undefined
  readonly credit: number
  readonly remote: { readonly attach: { readonly max_message_size?: unknown } }
  readonly local: {
    attach: {
      source: unknown
      target: unknown
      max_message_size: unknown
      snd_settle_mode: unknown
      properties: unknown
      offered_capabilities: unknown
    }
  }
  set_source(fields: object): void
  set_target(fields: object): void
  close(error?: AmqpError): void
  is_itself_closed(): boolean
}

/** Our end of a link on which the client receives. */
export interface RheaSender extends LinkCommon {
  delivery_count: number
  set_drained(drained: boolean): void
  send(message: RheaMessage): RheaDelivery
  send(payload: Buffer, tag: Buffer | undefined, format: number): RheaDelivery
  on(
    event: 'sendable' | 'settled' | 'sender_flow' | 'sender_draining' | 'sender_close' | 'sender_error',
    listener: () => void,
  ): this
}

export interface ReceivedMessage {
  /** Decoded on request links; the payload's bytes on publishing links. */
  readonly message: RheaMessage | Buffer
  readonly delivery: RheaDelivery
  readonly format?: number
}

/** Our end of a link on which the client sends. */
export interface RheaReceiver extends LinkCommon {
  add_credit(count: number): void
  on(event: 'message', listener: (context: ReceivedMessage) => void): this
  on(event: 'receiver_close' | 'receiver_error', listener: () => void): this
}

interface Transfer {
  readonly performative: { message_format: unknown; aborted?: boolean }
  readonly payload?: Buffer
}

export interface Incoming {
  next_transfer_id: number
  on_transfer(frame: Transfer, receiver: RheaReceiver & { _incomplete?: Incomplete | undefined }): void
  process(session: RheaSession): void
}

interface Incomplete {
  settled: boolean
  frames: readonly Buffer[]
}

export interface RheaSession {
  readonly connection: RheaConnection
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  /** Hears every event of the session, whoever else handles it. */
  readonly observers: EventEmitter
}

interface Outgoing {
  available(): number
  /** Transfers the peer can take; not a number before its first flow. */
  transfer_window(): number
  on_flow(fields: object): void
}

export interface RheaConnection {
  readonly hostname: string | undefined
  /** The peer's; undefined is without limit. */
  readonly max_frame_size: number | null | undefined
  readonly container_id: string | undefined
  readonly sasl_transport: unknown
  accept(socket: object): RheaConnection
  open(): void
  close(error?: AmqpError): void
  is_open(): boolean
  on(event: 'connection_open' | 'connection_close' | 'disconnected', listener: () => void): this
  on(event: 'sender_open', listener: (context: { sender: RheaSender }) => void): this
  on(event: 'receiver_open', listener: (context: { receiver: RheaReceiver }) => void): this
}

export type Mechanism = () => { outcome?: boolean; start(response: Buffer | undefined): void }

interface RheaContainer {
  readonly sasl_server_mechanisms: Record<string, Mechanism> & {
    enable_anonymous(): void
    enable_plain(check: (user: string, password: string) => boolean): void
  }
  create_connection(options: object): RheaConnection
  on(event: string, listener: (...args: unknown[]) => void): this
}

interface Typed {
  readonly value: unknown
}

interface Reader {
  remaining(): number
  read_array_items(count: number, type: unknown): unknown[]
}

interface Rhea {
  create_container(options: object): RheaContainer
  readonly types: Record<
    'wrap_int' | 'wrap_long' | 'wrap_short' | 'wrap_string' | 'wrap_timestamp',
    (value: unknown) => Typed
  > & {
    wrap_array(values: readonly unknown[], typecode: number): Typed
    readonly Reader: { readonly prototype: Reader }
  }
  readonly message: { decode(buffer: Buffer): RheaMessage }
}

const library = rhea as unknown as Rhea

export const createContainer: Rhea['create_container'] = library.create_container.bind(library)

export const types: Rhea['types'] = library.types

boundArrays(library.types.Reader.prototype)

/**
 * rhea reads as many items as an array says it has: with a type of no width, or one it reads past the end, until memory
 * is full. Refused here like any other frame that does not decode.
 */
function boundArrays(reader: Reader): void {
  const readItems = reader.read_array_items
  reader.read_array_items = function (count, type) {
    if (count > Math.max(this.remaining(), 255)) throw new Error(`an array of ${count} items`)
    return readItems.call(this, count, type)
  }
}

/** Decodes a whole message; for looking at stored events, not for moving them. */
export const decodeMessage: (buffer: Buffer) => RheaMessage = library.message.decode

/** Acknowledges a delivery. */
export function accept(delivery: RheaDelivery): void {
  delivery.accept()
}

/**
 * Rejects a delivery. rhea joins the dispositions of one tick into ranges and gives the first one's outcome to a
 * neighbour, so what waits is written out before and after.
 */
export function reject(receiver: RheaReceiver, delivery: RheaDelivery, error: ServiceError): void {
  const { session } = receiver
  session.incoming.process(session)
  delivery.reject({ condition: error.condition, description: error.description })
  session.incoming.process(session)
}

/** Lets a delivery go without telling the peer. */
export function forget(delivery: RheaDelivery): void {
  delivery.settled = true
}

/** Refuses a link: an attach without terminus, then a detach that says why. AMQP 1.0 §2.6.3. */
export function refuse(link: RheaSender | RheaReceiver, error: ServiceError): void {
  link.close({ condition: error.condition, description: error.description })
}

/** Ends a link from this side. */
export function detach(link: RheaSender | RheaReceiver, error?: ServiceError): void {
  if (link.is_itself_closed()) return
  link.close(error && { condition: error.condition, description: error.description })
}

/** Whether the peer asked for a capability; rhea gives one alone as a plain string. */
export function wants(link: RheaSender | RheaReceiver, capability: string): boolean {
  const { desired_capabilities: desired } = link
  return Array.isArray(desired) ? desired.includes(capability) : desired === capability
}

/** A whole number out of link properties or annotations; rhea gives what does not fit a number as 8 bytes. */
export function toInteger(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (Buffer.isBuffer(value) && value.length === 8) return Number(value.readBigInt64BE())
  return undefined
}

/** The text of the filter `apache.org:selector-filter:string`, under whatever key and descriptor it came. */
export function selectorOf(link: RheaSender): string | undefined {
  for (const [key, filter] of Object.entries(link.source?.filter ?? {})) {
    const value = typeof filter === 'object' && filter !== null ? (filter as Typed).value : filter
    if (typeof value === 'string' && (key.includes('selector') || value.startsWith('amqp.annotation'))) return value
  }
  return undefined
}

/** Calls back when the client has ended the link's session, which ends the link. Returns its own remover. */
export function onSessionEnd(link: RheaSender | RheaReceiver, listener: () => void): () => void {
  const { observers } = link.session
  observers.setMaxListeners(0)
  observers.on('session_close', listener)
  return () => {
    observers.off('session_close', listener)
  }
}
