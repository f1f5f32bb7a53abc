import { createContainer, type Incoming, type Mechanism, type RheaConnection, type RheaReceiver } from './rhea.js'
import type { Wire } from './wire.js'

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
  const container = createContainer({
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
  ignoreLateFrames(connection)
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

/**
 * rhea, and so the SDK for JavaScript, acknowledges what arrives after it has ended a session. That is taken for the echo it
 * is, and does not cost the connection with all its other links.
 */
function ignoreLateFrames(connection: RheaConnection): void {
  type Handler = (this: typeof inner, frame: { readonly channel: number }) => void
  const inner = connection as unknown as Record<'on_begin' | 'on_disposition' | 'on_flow', Handler> & {
    remote_channel_map: Record<number, unknown>
  }
  const begun = new Set<number>()
  const begin = inner.on_begin
  inner.on_begin = function (frame) {
    begun.add(frame.channel)
    begin.call(this, frame)
  }
  for (const name of ['on_disposition', 'on_flow'] as const) {
    const handle = inner[name]
    inner[name] = function (frame) {
      const isLate = !this.remote_channel_map[frame.channel] && begun.has(frame.channel)
      if (!isLate) handle.call(this, frame)
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

interface TransferRules {
  readonly maxBytes: number
  /** Hands over bytes, in whichever format they were sent: a payload that is no message can be refused by itself. */
  readonly asBytes: boolean
}

const rules = new WeakMap<RheaReceiver, TransferRules>()
const patched = new WeakSet<Incoming>()

/** Says what a link takes. A transfer that goes on past `maxBytes` ends the connection before it is gathered in memory. */
export function ruleTransfers(receiver: RheaReceiver, wanted: TransferRules): void {
  rules.set(receiver, wanted)
  const { incoming } = receiver.session
  if (patched.has(incoming)) return
  patched.add(incoming)
  const original = incoming.on_transfer
  incoming.on_transfer = function (frame, link) {
    const rule = rules.get(link)
    if (!rule) return original.call(this, frame, link)
    if (frame.performative.aborted && link._incomplete) {
      // The sender gave the delivery up half-way. AMQP 1.0 §2.7.5.
      this.next_transfer_id++
      link._incomplete.settled = true
      link._incomplete = undefined
      link.add_credit(1)
      return
    }
    let size = frame.payload?.length ?? 0
    for (const part of link._incomplete?.frames ?? []) size += part.length
    if (size > rule.maxBytes) throw new Error(`a transfer of more than ${rule.maxBytes} bytes`)
    if (rule.asBytes && frame.performative.message_format === 0) frame.performative.message_format = UNDECODED
    original.call(this, frame, link)
  }
}
