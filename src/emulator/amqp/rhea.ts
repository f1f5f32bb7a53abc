/**
 * The part of rhea that the emulator uses, typed as it behaves in a server, and the few places where its inner workings
 * are touched. Nothing else in the emulator imports it.
 */

// biome-ignore lint/correctness/noUnresolvedImports: a CommonJS module; its exports are the default
import rhea from 'rhea'
import type { ServiceError } from '../service-error.js'
import type { Wire } from '../wire.js'

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

interface Incoming {
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
  readonly outgoing: { available(): number }
}

export interface RheaConnection {
  readonly hostname: string | undefined
  readonly container_id: string | undefined
  readonly sasl_transport: unknown
  accept(socket: Wire): RheaConnection
  open(): void
  close(error?: AmqpError): void
  is_open(): boolean
  on(event: 'connection_open' | 'connection_close' | 'disconnected', listener: () => void): this
  on(event: 'sender_open', listener: (context: { sender: RheaSender }) => void): this
  on(event: 'receiver_open', listener: (context: { receiver: RheaReceiver }) => void): this
}

type Mechanism = () => { outcome?: boolean; start(response: Buffer | undefined): void }

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

interface Rhea {
  create_container(options: object): RheaContainer
  readonly types: Record<
    'wrap_int' | 'wrap_long' | 'wrap_short' | 'wrap_string' | 'wrap_timestamp',
    (value: unknown) => Typed
  > & { wrap_array(values: readonly unknown[], typecode: number): Typed }
  readonly message: { decode(buffer: Buffer): RheaMessage }
}

const library = rhea as unknown as Rhea

export const types: Rhea['types'] = library.types

/** Decodes a whole message; for looking at stored events, not for moving them. */
export const decodeMessage: (buffer: Buffer) => RheaMessage = library.message.decode

const outcome = (): ReturnType<Mechanism> => ({
  start() {
    this.outcome = true
  },
})

/** Most bytes of a frame. Observed in OPEN: azure-event-hubs-python #76. */
const MAX_FRAME_SIZE = 65_536

export interface AcceptOptions {
  readonly wire: Wire
  readonly containerId: string
  /** SASL PLAIN: name and key of a rule. */
  checkPlain(user: string, password: string): boolean
  /** The peer broke the protocol, or a handler failed. The connection is ended already. */
  onFailure(error: unknown): void
}

/** Accepts a connection. Handlers are to be added before the next tick. */
export function acceptConnection(options: AcceptOptions): RheaConnection {
  const { wire, containerId, checkPlain, onFailure } = options
  const container = library.create_container({
    id: containerId,
    receiver_options: { autoaccept: false, credit_window: 0 },
    sender_options: {},
  })
  // Offered by the service beside ANONYMOUS and PLAIN: source azure-sdk-for-js mock-hub. A client that has no password
  // takes the first it knows, which has to be ANONYMOUS for one that goes on with $cbs.
  const mechanisms = container.sasl_server_mechanisms
  mechanisms.enable_anonymous()
  mechanisms.enable_plain(checkPlain)
  mechanisms['EXTERNAL'] = outcome
  mechanisms['MSSBCBS'] = outcome
  // Without a listener of these names rhea prints, or throws where nothing can catch it.
  const fail = (error: unknown) => {
    onFailure(error)
    // AMQP 1.0 §2.8.16, connection errors.
    connection.close({ condition: 'amqp:connection:framing-error', description: 'The peer broke the protocol.' })
    wire.end()
  }
  for (const event of ['error', 'protocol_error']) container.on(event, fail)
  container.on('connection_error', () => {})
  for (const event of ['session_error', 'session_close', 'sender_error', 'receiver_error'])
    container.on(event, () => {})
  for (const event of ['sender_close', 'receiver_close', 'disconnected']) container.on(event, () => {})

  const connection = container.create_connection({
    // Observed in OPEN: azure-event-hubs-python #76, azure-sdk-for-python #5316.
    max_frame_size: MAX_FRAME_SIZE,
    channel_max: 4999,
    idle_time_out: 240_000,
    session_buffer_size: { incoming: 5000, outgoing: 5000 },
    reconnect: false,
  })
  guardTick(connection, fail)
  connection.accept(wire)
  guardFrameSize(connection)
  return connection
}

/** rhea works off its output in a later tick, where an error would end the process. */
function guardTick(connection: RheaConnection, fail: (error: unknown) => void): void {
  const inner = connection as unknown as { _process(): void }
  const process = inner._process
  inner._process = function () {
    try {
      process.call(this)
    } catch (error) {
      fail(error)
    }
  }
}

/** A frame longer than announced ends the connection before it is gathered in memory. AMQP 1.0 §2.7.1. */
function guardFrameSize(connection: RheaConnection): void {
  interface Transport {
    peek_size(buffer: Buffer): number | undefined
  }
  const inner = connection as unknown as {
    amqp_transport: Transport
    sasl_transport?: { transports?: Record<number, { transport?: Transport }> }
  }
  for (const transport of [inner.amqp_transport, inner.sasl_transport?.transports?.[3]?.transport]) {
    if (!transport) continue
    const peek = transport.peek_size
    transport.peek_size = function (buffer) {
      const size = peek.call(this, buffer)
      if (size !== undefined && size > MAX_FRAME_SIZE) throw new Error(`a frame of ${size} bytes`)
      return size
    }
  }
}

/** Format of a transfer that rhea would decode by itself, marked so that it does not. */
const UNDECODED = 0xffff_ffff

/**
 * Makes a publishing link hand over bytes: what is sent in a single message's format too, so that a payload that is no
 * AMQP message can be refused by itself. A transfer that goes on past `maxBytes` ends the connection.
 */
export function receiveBytes(receiver: RheaReceiver, maxBytes: number): void {
  const incoming = receiver.session.incoming
  const original = incoming.on_transfer
  incoming.on_transfer = function (frame, link) {
    if (link !== receiver) return original.call(this, frame, link)
    if (frame.performative.aborted && link._incomplete) {
      // The sender gave the delivery up half-way. AMQP 1.0 §2.7.5.
      link._incomplete.settled = true
      link._incomplete = undefined
      receiver.add_credit(1)
      return
    }
    let size = frame.payload?.length ?? 0
    for (const part of link._incomplete?.frames ?? []) size += part.length
    if (size > maxBytes) throw new Error(`a transfer of more than ${maxBytes} bytes`)
    if (frame.performative.message_format === 0) frame.performative.message_format = UNDECODED
    original.call(this, frame, link)
  }
}

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
