import { largestFrame } from '../connection/frames.js'
import { DecodingError } from './decoding.js'
import { codeOf, FieldReader, PERFORMATIVE } from './performatives.js'

/** The channel and handle of a link's frames, and the place where the session beneath it began. */
export interface LinkPlace {
  readonly channel: number
  readonly handle: number
  readonly nextOutgoingId: number
  readonly outgoingWindow: number
}

/** The answer of the other side when a link attached. */
export interface AttachedAt {
  readonly handle: number
  readonly deliveryCount: number
  /** The id of the first transfer in the session. */
  readonly nextIncomingId: number
  /** Of a link that is refused, and detached next, there is no source. */
  readonly isRefused: boolean
}

/** A link whose transfers and credit are its own affair, and not the AMQP library's. */
export interface RoutedLink {
  readonly name: string
  onAttaching(place: LinkPlace): void
  onAttached(at: AttachedAt): void
  /** The fields stand at the first one; the payload lies between their end and that of the frame. */
  onTransfer(fields: FieldReader, frame: Buffer, end: number): void
  onFlow(fields: FieldReader): void
  /** All that came in one piece has been handed over. */
  onPieceEnd(): void
}

/** In place of a link that has been closed here: what was on its way to it goes nowhere. */
const nobody: RoutedLink = {
  name: '',
  onAttaching() {},
  onAttached() {},
  onTransfer() {},
  onFlow() {},
  onPieceEnd() {},
}

/** Size, data offset, type and channel. AMQP 1.0 part 2, 2.3.1. */
const headerLength = 8
const protocolHeader = 0x414d5150

/** A frame without body: to the AMQP library a sign of life. */
const emptyFrame = Buffer.from([0, 0, 0, 8, 2, 0, 0, 0])
/** The library hears of life no more often than this, ms. */
const lifeInterval = 1000

/**
 * Stands between a connection and the AMQP library. It takes the transfers and flows of reading links out of the bytes that
 * come, which the library never sees, and passes the rest on as it is. So that the library does not find the other side
 * silent while nothing but transfers come, it is passed an empty frame now and then.
 */
export class FrameRouter {
  readonly #links = new Map<string, RoutedLink>()
  /** The reading links by the other side's channel. */
  readonly #channels = new Map<number, RoutedLink>()
  /** Sessions that the other side has begun, by its channel. */
  readonly #nextIncomingIds = new Map<number, number>()
  /** Sessions begun here, by channel. */
  readonly #begun = new Map<number, Pick<LinkPlace, 'nextOutgoingId' | 'outgoingWindow'>>()
  /** Links that have got frames of the piece at hand, and the last of them. */
  readonly #touched = new Set<RoutedLink>()
  #lastTouched: RoutedLink | undefined
  /** Of the frame that was looked at last. */
  #code = 0
  #body = 0
  readonly #fields = new FieldReader()
  /** The beginning of a frame whose header is not all there. */
  #header: Buffer | undefined
  /** A frame that is not all there, and how much of it is. */
  #frame: Buffer | undefined
  #filled = 0
  #passedAt = Number.NEGATIVE_INFINITY

  /** Has a link get its frames, from its attach on. */
  add(link: RoutedLink): void {
    this.#links.set(link.name, link)
  }

  /** The link gets nothing more; transfers on their way to it are dropped. */
  remove(link: RoutedLink): void {
    if (this.#links.get(link.name) !== link) return
    this.#links.delete(link.name)
    for (const [channel, other] of this.#channels) if (other === link) this.#channels.set(channel, nobody)
  }

  /** Looks at what the AMQP library writes, one frame or more at a time. */
  sent(bytes: Buffer): void {
    let at = 0
    while (at + headerLength <= bytes.length) {
      const size = bytes.readUInt32BE(at)
      if (size === protocolHeader) at += headerLength
      else {
        const end = Math.min(at + Math.max(size, headerLength), bytes.length)
        if (bytes[at + 5] === 0) this.#sentFrame(bytes, at, end)
        at = end
      }
    }
  }

  #sentFrame(bytes: Buffer, at: number, end: number): void {
    const body = at + (bytes[at + 4] as number) * 4
    const code = codeOf(bytes, body, end)
    if (code !== PERFORMATIVE.begin && code !== PERFORMATIVE.attach) return
    const channel = bytes.readUInt16BE(at + 6)
    const fields = this.#fields
    fields.open(bytes, body, end)
    if (code === PERFORMATIVE.begin) {
      fields.skip(1)
      const nextOutgoingId = fields.uint() ?? 0
      fields.skip(1)
      this.#begun.set(channel, { nextOutgoingId, outgoingWindow: fields.uint() ?? 0 })
      return
    }
    const link = this.#links.get(String(fields.value()))
    const begun = this.#begun.get(channel)
    if (link && begun) link.onAttaching({ channel, handle: fields.uint() ?? 0, ...begun })
  }

  /** Takes bytes as they come, in any pieces. Throws `DecodingError` for what is no AMQP. */
  received(piece: Buffer, pass: (bytes: Buffer) => void): void {
    try {
      this.#read(piece, pass)
    } finally {
      for (const link of this.#touched) link.onPieceEnd()
      this.#touched.clear()
      this.#lastTouched = undefined
    }
    const now = performance.now()
    if (now - this.#passedAt < lifeInterval) return
    this.#passedAt = now
    if (this.#channels.size > 0) pass(emptyFrame)
  }

  #read(piece: Buffer, pass: (bytes: Buffer) => void): void {
    let at = this.#complete(piece, pass)
    let bytes = piece
    if (this.#header && at < piece.length) {
      bytes = Buffer.concat([this.#header, piece.subarray(at)])
      this.#header = undefined
      at = 0
    }
    let passFrom = at
    while (at < bytes.length) {
      const rest = bytes.length - at
      const size = rest < headerLength ? undefined : frameSize(bytes, at)
      if (size === undefined || size > rest) {
        if (passFrom < at) pass(bytes.subarray(passFrom, at))
        this.#keep(bytes.subarray(at), size)
        return
      }
      const end = at + size
      const link = this.#linkOf(bytes, at, end)
      if (link) {
        if (passFrom < at) pass(bytes.subarray(passFrom, at))
        this.#take(link, bytes, end)
        passFrom = end
      }
      at = end
    }
    if (passFrom < at) pass(passFrom === 0 && at === bytes.length ? bytes : bytes.subarray(passFrom, at))
  }

  /** Adds to a frame that was cut. Gives where the bytes go on behind it. */
  #complete(piece: Buffer, pass: (bytes: Buffer) => void): number {
    const frame = this.#frame
    if (!frame) return 0
    const taken = piece.copy(frame, this.#filled)
    this.#filled += taken
    if (this.#filled < frame.length) return taken
    this.#frame = undefined
    const link = this.#linkOf(frame, 0, frame.length)
    if (link) this.#take(link, frame, frame.length)
    else pass(frame)
    return taken
  }

  #keep(bytes: Buffer, size: number | undefined): void {
    if (size === undefined) this.#header = Buffer.from(bytes)
    else {
      this.#frame = Buffer.allocUnsafeSlow(size)
      this.#filled = bytes.copy(this.#frame)
    }
  }

  /**
   * The link of a frame that is kept from the library, with its code and where its body begins. Sees to what tells of
   * sessions and links, which is the library's.
   */
  #linkOf(bytes: Buffer, at: number, end: number): RoutedLink | undefined {
    if (bytes.readUInt32BE(at) === protocolHeader || bytes[at + 5] !== 0) return undefined
    const body = at + (bytes[at + 4] as number) * 4
    if (body >= end) return undefined
    const channel = bytes.readUInt16BE(at + 6)
    this.#body = body
    this.#code = codeOf(bytes, body, end)
    switch (this.#code) {
      case PERFORMATIVE.transfer:
      case PERFORMATIVE.flow:
      case PERFORMATIVE.disposition:
        return this.#channels.get(channel)
      case PERFORMATIVE.begin: {
        this.#channels.delete(channel)
        const fields = this.#fields
        fields.open(bytes, body, end)
        fields.skip(1)
        this.#nextIncomingIds.set(channel, fields.uint() ?? 0)
        return undefined
      }
      case PERFORMATIVE.attach:
        this.#attached(channel, bytes, body, end)
        return undefined
      case PERFORMATIVE.end:
        this.#channels.delete(channel)
        return undefined
      default:
        return undefined
    }
  }

  #attached(channel: number, bytes: Buffer, body: number, end: number): void {
    const fields = this.#fields
    fields.open(bytes, body, end)
    const link = this.#links.get(String(fields.value()))
    if (!link) return
    const handle = fields.uint() ?? 0
    fields.skip(3)
    const isRefused = fields.value() === null
    fields.skip(3)
    const deliveryCount = fields.uint() ?? 0
    this.#channels.set(channel, link)
    link.onAttached({ handle, deliveryCount, nextIncomingId: this.#nextIncomingIds.get(channel) ?? 0, isRefused })
  }

  /** Hands a link the frame that was looked at last. */
  #take(link: RoutedLink, bytes: Buffer, end: number): void {
    const code = this.#code
    // How the other side settles what it has sent is of no consequence.
    if (code === PERFORMATIVE.disposition || link === nobody) return
    if (this.#lastTouched !== link) {
      this.#lastTouched = link
      this.#touched.add(link)
    }
    this.#fields.open(bytes, this.#body, end)
    if (code === PERFORMATIVE.transfer) link.onTransfer(this.#fields, bytes, end)
    else link.onFlow(this.#fields)
  }
}

function frameSize(bytes: Buffer, at: number): number {
  const size = bytes.readUInt32BE(at)
  if (size === protocolHeader) return headerLength
  if (size >= headerLength && size <= largestFrame) return size
  throw new DecodingError(`a frame claims a size of ${size} bytes`)
}
