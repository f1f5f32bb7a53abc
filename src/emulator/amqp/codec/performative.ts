import {
  describe,
  encodeFlag,
  encodeList,
  encodeString,
  encodeSymbol,
  encodeTextArray,
  encodeUbyte,
  encodeUint,
  encodeUshort,
  NULL,
  TRUE,
} from './encode.js'
import { DecodeError, decodeValue, itemsOf, readInteger, readText, skipValue } from './values.js'

/** Descriptors of the performatives and of SASL's frames. AMQP 1.0 §2.7, §5.3.3. */
export const PERFORMATIVE = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  saslMechanisms: 0x40,
  saslInit: 0x41,
  saslOutcome: 0x44,
} as const

const SYMBOLIC: ReadonlyMap<string, number> = new Map([
  ['amqp:open:list', PERFORMATIVE.open],
  ['amqp:begin:list', PERFORMATIVE.begin],
  ['amqp:attach:list', PERFORMATIVE.attach],
  ['amqp:flow:list', PERFORMATIVE.flow],
  ['amqp:transfer:list', PERFORMATIVE.transfer],
  ['amqp:disposition:list', PERFORMATIVE.disposition],
  ['amqp:detach:list', PERFORMATIVE.detach],
  ['amqp:end:list', PERFORMATIVE.end],
  ['amqp:close:list', PERFORMATIVE.close],
  ['amqp:sasl-init:list', PERFORMATIVE.saslInit],
])

/** The fields of a list, read one by one; those that were left out are null. */
export class Fields {
  readonly #buffer: Buffer
  readonly #starts: readonly number[]

  /** Throws {@link DecodeError} when there is no list. */
  constructor(buffer: Buffer, at: number, end: number) {
    this.#buffer = buffer
    this.#starts = itemsOf(buffer, at, end)
  }

  get count(): number {
    return this.#starts.length - 1
  }

  /** The field as it is encoded; undefined when it is null. */
  raw(index: number): Buffer | undefined {
    const start = this.#start(index)
    return start === undefined ? undefined : this.#buffer.subarray(start, this.#starts[index + 1])
  }

  integer(index: number): number | undefined {
    const start = this.#start(index)
    return start === undefined ? undefined : readInteger(this.#buffer, start, this.#starts[index + 1] as number)
  }

  text(index: number): string | undefined {
    const start = this.#start(index)
    return start === undefined ? undefined : readText(this.#buffer, start, this.#starts[index + 1] as number)
  }

  /** False when it is null. */
  flag(index: number): boolean {
    const start = this.#start(index)
    return start !== undefined && decodeValue(this.#buffer, start, this.#starts[index + 1] as number) === true
  }

  value(index: number): unknown {
    const start = this.#start(index)
    return start === undefined ? undefined : decodeValue(this.#buffer, start, this.#starts[index + 1] as number)
  }

  /** The fields of a described list in a field: a terminus. Undefined when it is null. */
  described(index: number): Fields | undefined {
    const raw = this.raw(index)
    if (raw === undefined) return undefined
    if (raw[0] !== 0x00) throw new DecodeError('expected a described list')
    return new Fields(raw, skipValue(raw, 1, raw.length), raw.length)
  }

  #start(index: number): number | undefined {
    if (index >= this.count) return undefined
    const start = this.#starts[index] as number
    return this.#buffer[start] === 0x40 ? undefined : start
  }
}

/** The body of a frame. */
export interface Performative {
  readonly code: number
  readonly fields: Fields
  /** The bytes behind the performative, to the end of the frame. */
  readonly payload: Buffer
}

/** Throws {@link DecodeError}. */
export function readPerformative(frame: Buffer, start: number): Performative {
  const end = frame.length
  const isShort = start + 3 <= end && frame[start] === 0x00 && frame[start + 1] === 0x53
  if (!isShort && frame[start] !== 0x00) throw new DecodeError('a frame without performative')
  const list = isShort ? start + 3 : skipValue(frame, start + 1, end)
  const code = isShort ? (frame[start + 2] as number) : longDescriptor(frame, start + 1, list)
  const listEnd = skipValue(frame, list, end)
  return { code, fields: new Fields(frame, list, listEnd), payload: frame.subarray(listEnd) }
}

function longDescriptor(frame: Buffer, at: number, end: number): number {
  const descriptor = decodeValue(frame, at, end)
  return typeof descriptor === 'string' ? (SYMBOLIC.get(descriptor) ?? 0) : Number(descriptor)
}

/** The error a link, session or connection ends with. */
export interface AmqpError {
  readonly condition: string
  readonly description: string
}

// All fields are written, trailing nulls included, as the service does: some clients read them by position (Python's).

const optional = (value: number | undefined): Buffer => (value === undefined ? NULL : encodeUint(value))

/** AMQP 1.0 §2.8.14: condition, description, info. */
export function encodeError(error: AmqpError | undefined): Buffer {
  if (!error) return NULL
  return describe(0x1d, encodeList([encodeSymbol(error.condition), encodeString(error.description), NULL]))
}

export function encodeOpen(fields: {
  containerId: string
  maxFrameSize: number
  channelMax: number
  idleTimeOut: number
}): Buffer {
  return describe(
    PERFORMATIVE.open,
    encodeList([
      encodeString(fields.containerId),
      NULL,
      encodeUint(fields.maxFrameSize),
      encodeUshort(fields.channelMax),
      encodeUint(fields.idleTimeOut),
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
    ]),
  )
}

export function encodeBegin(fields: {
  remoteChannel: number
  nextOutgoingId: number
  incomingWindow: number
  outgoingWindow: number
  handleMax: number
}): Buffer {
  return describe(
    PERFORMATIVE.begin,
    encodeList([
      encodeUshort(fields.remoteChannel),
      encodeUint(fields.nextOutgoingId),
      encodeUint(fields.incomingWindow),
      encodeUint(fields.outgoingWindow),
      encodeUint(fields.handleMax),
      NULL,
      NULL,
      NULL,
    ]),
  )
}

/** Fields that are given encoded are echoed as the peer wrote them. */
export function encodeAttach(fields: {
  name: string
  handle: number
  isReceiver: boolean
  sndSettleMode: Buffer | undefined
  rcvSettleMode: Buffer | undefined
  source: Buffer | undefined
  target: Buffer | undefined
  initialDeliveryCount: number | undefined
  maxMessageSize: Buffer | undefined
  offeredCapabilities: readonly string[]
  properties: Buffer | undefined
}): Buffer {
  const { offeredCapabilities: offered } = fields
  return describe(
    PERFORMATIVE.attach,
    encodeList([
      encodeString(fields.name),
      encodeUint(fields.handle),
      encodeFlag(fields.isReceiver),
      fields.sndSettleMode ?? encodeUbyte(2),
      fields.rcvSettleMode ?? encodeUbyte(0),
      fields.source ?? NULL,
      fields.target ?? NULL,
      NULL,
      NULL,
      optional(fields.initialDeliveryCount),
      fields.maxMessageSize ?? NULL,
      offered.length === 0 ? NULL : encodeTextArray(0xb3, offered),
      NULL,
      fields.properties ?? NULL,
    ]),
  )
}

export function encodeFlow(fields: {
  nextIncomingId: number
  incomingWindow: number
  nextOutgoingId: number
  outgoingWindow: number
  link?: { handle: number; deliveryCount: number; credit: number; drain: boolean } | undefined
}): Buffer {
  const { link } = fields
  return describe(
    PERFORMATIVE.flow,
    encodeList([
      encodeUint(fields.nextIncomingId),
      encodeUint(fields.incomingWindow),
      encodeUint(fields.nextOutgoingId),
      encodeUint(fields.outgoingWindow),
      optional(link?.handle),
      optional(link?.deliveryCount),
      optional(link?.credit),
      NULL,
      link ? encodeFlag(link.drain) : NULL,
      NULL,
      NULL,
    ]),
  )
}

/** AMQP 1.0 §3.4. */
export const ACCEPTED: Buffer = describe(0x24, encodeList([]))

export function encodeRejected(error: AmqpError): Buffer {
  return describe(0x25, encodeList([encodeError(error)]))
}

export function encodeDisposition(fields: { isReceiver: boolean; first: number; last: number; state: Buffer }): Buffer {
  return describe(
    PERFORMATIVE.disposition,
    encodeList([
      encodeFlag(fields.isReceiver),
      encodeUint(fields.first),
      encodeUint(fields.last),
      TRUE,
      fields.state,
      NULL,
    ]),
  )
}

export function encodeDetach(handle: number, closed: boolean, error: AmqpError | undefined): Buffer {
  return describe(PERFORMATIVE.detach, encodeList([encodeUint(handle), encodeFlag(closed), encodeError(error)]))
}

export function encodeEnd(error: AmqpError | undefined): Buffer {
  return describe(PERFORMATIVE.end, encodeList([encodeError(error)]))
}

export function encodeClose(error: AmqpError | undefined): Buffer {
  return describe(PERFORMATIVE.close, encodeList([encodeError(error)]))
}

export function encodeSaslMechanisms(mechanisms: readonly string[]): Buffer {
  return describe(PERFORMATIVE.saslMechanisms, encodeList([encodeTextArray(0xb3, mechanisms)]))
}

/** `0` is ok, `1` is a failed authentication. AMQP 1.0 §5.3.3.6. */
export function encodeSaslOutcome(code: 0 | 1): Buffer {
  return describe(PERFORMATIVE.saslOutcome, encodeList([encodeUbyte(code), NULL]))
}
