import { type Frame, FrameReader } from '../codec/frame-reader.js'
import {
  type AmqpError,
  encodeClose,
  encodeOpen,
  encodeSaslMechanisms,
  encodeSaslOutcome,
  type Fields,
  PERFORMATIVE,
  readPerformative,
} from '../codec/performative.js'
import { DecodeError } from '../codec/values.js'
import type { Wire } from '../wire.js'
import { Channels } from './channels.js'
import { ProtocolError } from './errors.js'
import type { Link } from './link.js'
import type { ReceivingLink } from './receiving-link.js'
import { type CheckPlain, isAccepted, MECHANISMS } from './sasl.js'
import type { SendingLink } from './sending-link.js'
import type { Session } from './session.js'

/** Observed in OPEN: azure-event-hubs-python #76, azure-sdk-for-python #5316. */
const MAX_FRAME_SIZE = 65_536
const CHANNEL_MAX = 4999
const IDLE_TIME_OUT_MS = 240_000

/** Below it no frame can be relied on to get through. AMQP 1.0 §2.7.1. */
const MIN_MAX_FRAME_SIZE = 512

/** Bytes of a frame that ends something, its description left out. */
const ERROR_OVERHEAD = 200

const AMQP_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0])
const SASL_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0])

/** The events a connection tells to whom it serves. */
export interface PeerEvents {
  readonly checkPlain: CheckPlain
  /** A link is about to attach: it is to be attached or refused at once. */
  onSendingLink(link: SendingLink): void
  onReceivingLink(link: ReceivingLink): void
  onOpen?(peer: Peer): void
  /** The peer has closed the connection, or broke the protocol. The connection is over. */
  onEnd(): void
  /** The peer broke the protocol. */
  onFailure(error: Error): void
  /** A mistake of the emulator itself. */
  report(error: unknown): void
}

/** The other side of a connection: protocol header, SASL, OPEN, channels, keep-alive, CLOSE. AMQP 1.0 §2.4, §5.3. */
export class Peer {
  readonly wire: Wire
  readonly events: PeerEvents
  readonly #containerId: string
  readonly #frames = new FrameReader(MAX_FRAME_SIZE)
  /** The frame that comes next; `closing`: we have sent CLOSE. */
  #state: 'header' | 'sasl' | 'header-after-sasl' | 'before-open' | 'open' | 'closing' | 'over' = 'header'
  readonly #channels: Channels = new Channels(this, CHANNEL_MAX)
  #maxFrameSize = MIN_MAX_FRAME_SIZE
  #open: Fields | undefined
  #waiting = new Set<Session>()
  #heartbeat: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #heard = true

  constructor(wire: Wire, containerId: string, events: PeerEvents) {
    this.wire = wire
    this.#containerId = containerId
    this.events = events
    wire.onFlush(() => this.#writePutOff())
    wire.onData((data) => this.#onData(data))
    wire.onClose(() => this.#over())
  }

  /** The largest frame that the peer takes. */
  get maxFrameSize(): number {
    return this.#maxFrameSize
  }

  /** The name the peer calls itself by. */
  get containerId(): string | undefined {
    return this.#open?.text(0)
  }

  fits(performative: Buffer): boolean {
    return performative.length + 8 <= this.#maxFrameSize
  }

  /** An error whose description leaves a frame as small as the peer wants it. */
  fitting({ condition, description }: AmqpError): AmqpError {
    const room = Math.max(0, this.#maxFrameSize - ERROR_OVERHEAD)
    const bytes = Buffer.from(description)
    return { condition, description: bytes.length <= room ? description : bytes.toString('utf8', 0, room) }
  }

  /** Has what a session put off written at the end of the tick. */
  writeLater(session: Session): void {
    this.#waiting.add(session)
    this.wire.schedule()
  }

  linkNamed(name: string, isReceiver: boolean): Link | undefined {
    return this.#channels.linkNamed(name, isReceiver)
  }

  /** Ends the connection from this side; nothing but the peer's CLOSE is listened to then. */
  close(error?: AmqpError): void {
    if (this.#state === 'closing' || this.#state === 'over') return
    if (this.#state !== 'open' && this.#state !== 'before-open') {
      this.#end()
      return
    }
    this.#writePutOff()
    if (this.#state === 'before-open') this.#sayOpen()
    this.#state = 'closing'
    this.wire.frame(0, 0, encodeClose(error && this.fitting(error)))
    this.#channels.abandon()
  }

  #onData(data: Buffer): void {
    this.#heard = true
    this.#frames.push(data)
    try {
      while (this.#state !== 'over' && this.#step());
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Takes one header or frame; false when it is incomplete. */
  #step(): boolean {
    if (this.#state === 'header' || this.#state === 'header-after-sasl') {
      const header = this.#frames.header()
      if (header) this.#onHeader(header)
      return header !== undefined
    }
    const frame = this.#frames.next()
    if (!frame) return false
    if (this.#state === 'sasl') this.#onSasl(frame)
    else this.#onFrame(frame)
    return true
  }

  /** A header that is not understood is answered with one that would be, and the connection ends. AMQP 1.0 §2.2. */
  #onHeader(header: Buffer): void {
    if (header.equals(AMQP_HEADER)) {
      this.wire.bytes(AMQP_HEADER)
      this.#state = 'before-open'
    } else if (header.equals(SASL_HEADER) && this.#state === 'header') {
      this.wire.bytes(SASL_HEADER)
      this.wire.frame(1, 0, encodeSaslMechanisms(MECHANISMS))
      this.#state = 'sasl'
    } else {
      this.wire.bytes(this.#state === 'header' ? SASL_HEADER : AMQP_HEADER)
      this.events.onFailure(new ProtocolError(`the protocol header ${header.toString('hex')}`))
      this.#end()
    }
  }

  #onSasl({ type, bytes, bodyStart }: Frame): void {
    if (type !== 1) throw new ProtocolError('a frame that is not one of SASL')
    const accepted = isAccepted(bytes, bodyStart, this.events.checkPlain)
    this.wire.frame(1, 0, encodeSaslOutcome(accepted ? 0 : 1))
    if (accepted) this.#state = 'header-after-sasl'
    else this.#end()
  }

  #onFrame({ type, channel, bytes, bodyStart }: Frame): void {
    if (type !== 0) throw new ProtocolError(`a frame of type ${type}`)
    if (bodyStart === bytes.length) return
    const performative = readPerformative(bytes, bodyStart)
    const { code, fields } = performative
    if (this.#state === 'closing') {
      if (code === PERFORMATIVE.close) this.#end()
      return
    }
    if (this.#state === 'before-open') {
      if (code !== PERFORMATIVE.open) throw new ProtocolError('the first frame must be OPEN')
      this.#onOpen(fields)
    } else if (code === PERFORMATIVE.open) throw new ProtocolError('a second OPEN')
    else if (code === PERFORMATIVE.close) this.#onClose()
    else if (code === PERFORMATIVE.begin) this.#channels.begin(channel, fields)
    else this.#channels.onFrame(channel, performative)
  }

  #onOpen(fields: Fields): void {
    this.#open = fields
    const maxFrameSize = fields.integer(2) ?? 0xffff_ffff
    this.#maxFrameSize = Math.min(MAX_FRAME_SIZE, Math.max(MIN_MAX_FRAME_SIZE, maxFrameSize))
    this.#channels.limit(fields.integer(3) ?? 0xffff)
    this.#sayOpen()
    this.#state = 'open'
    if (maxFrameSize < MIN_MAX_FRAME_SIZE) {
      throw new ProtocolError(`max-frame-size must be ${MIN_MAX_FRAME_SIZE} at least, not ${maxFrameSize}`)
    }
    this.#keepAlive(fields.integer(4) ?? 0)
    this.events.onOpen?.(this)
  }

  #sayOpen(): void {
    this.wire.frame(
      0,
      0,
      encodeOpen({
        containerId: this.#containerId,
        maxFrameSize: MAX_FRAME_SIZE,
        channelMax: CHANNEL_MAX,
        idleTimeOut: IDLE_TIME_OUT_MS,
      }),
    )
  }

  /** Nothing may follow our CLOSE, which answers the peer's. AMQP 1.0 §2.4.3. */
  #onClose(): void {
    this.#writePutOff()
    this.#channels.abandon()
    this.wire.frame(0, 0, encodeClose(undefined))
    this.#end()
  }

  /** Twice a third is the longest time without a frame, of what the peer allows. AMQP 1.0 §2.4.5. */
  #keepAlive(remoteIdleTimeOut: number): void {
    if (remoteIdleTimeOut > 0) {
      this.#heartbeat = setInterval(
        () => {
          if (!this.wire.takeActivity()) this.wire.frame(0, 0, Buffer.alloc(0))
        },
        Math.max(10, Math.min(remoteIdleTimeOut / 3, 0x7fff_ffff)),
      ).unref()
    }
    this.#silence = setInterval(() => {
      if (this.#heard) this.#heard = false
      else {
        this.close({ condition: 'amqp:connection:forced', description: 'The connection was silent for too long.' })
        this.#end()
      }
    }, IDLE_TIME_OUT_MS).unref()
  }

  #fail(error: unknown): void {
    const isTheirs = error instanceof ProtocolError || error instanceof DecodeError || error instanceof RangeError
    if (isTheirs) this.events.onFailure(error)
    else this.events.report(error)
    this.close(
      isTheirs
        ? {
            condition: error instanceof ProtocolError ? error.condition : 'amqp:connection:framing-error',
            description: `The peer broke the protocol: ${error.message}`,
          }
        : { condition: 'amqp:internal-error', description: 'The service was unable to process the request.' },
    )
    this.#end()
  }

  #end(): void {
    this.wire.end()
    this.#over()
  }

  #over(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    clearInterval(this.#heartbeat)
    clearInterval(this.#silence)
    this.#channels.abandon()
    this.events.onEnd()
  }

  #writePutOff(): void {
    if (this.#waiting.size === 0) return
    const sessions = [...this.#waiting]
    this.#waiting.clear()
    for (const session of sessions) session.writePutOff()
  }
}
