import { describe, encodeList, encodeMap, encodeUlong, NULL } from '../codec/encode.js'
import { type AmqpError, encodeAttach, encodeDetach, type Fields } from '../codec/performative.js'
import { Described, decodeValue, readMap } from '../codec/values.js'
import type { ParentSession } from './parents.js'

/** The fields our attach has besides what it repeats. */
export interface AttachReply {
  /** Bytes. */
  readonly maxMessageSize?: number
  readonly offeredCapabilities?: readonly string[]
  /** Encoded; default: the peer's own. */
  readonly properties?: Buffer
}

/** Fields of an attach. AMQP 1.0 §2.7.3. */
const FIELD = {
  name: 0,
  handle: 1,
  role: 2,
  snd: 3,
  rcv: 4,
  source: 5,
  target: 6,
  deliveryCount: 9,
  maxMessageSize: 10,
}
const DESIRED_CAPABILITIES = 12
const PROPERTIES = 13
/** Of a terminus. AMQP 1.0 §3.5.3. */
const ADDRESS = 0
const FILTER = 7

const SOURCE = 0x28
const TARGET = 0x29

/** Our end of a link: what both directions have in common. */
export abstract class Link {
  readonly session: ParentSession
  readonly name: string
  /** Ours; the peer's is known to the session. */
  readonly handle: number
  protected readonly attachFields: Fields
  readonly properties: ReadonlyMap<unknown, unknown>
  /** `attaching`: the handler has to decide. `detaching`: we have said that it is over, the peer has not yet. */
  #state: 'attaching' | 'attached' | 'detaching' | 'ended' = 'attaching'
  #endListeners: (() => void)[] = []

  constructor(session: ParentSession, handle: number, fields: Fields) {
    this.session = session
    this.handle = handle
    this.attachFields = fields
    this.name = fields.text(FIELD.name) ?? ''
    const properties = fields.value(PROPERTIES)
    this.properties = properties instanceof Map ? properties : new Map()
  }

  abstract readonly isReceiver: boolean

  get isAttached(): boolean {
    return this.#state === 'attached'
  }

  /** True once the peer's frames about it have no meaning any more. */
  get isOver(): boolean {
    return this.#state === 'detaching' || this.#state === 'ended'
  }

  /** Address of the source for a reader, of the target for a publisher; undefined when it has none. */
  get address(): string | undefined {
    const terminus = this.attachFields.described(this.isReceiver ? FIELD.target : FIELD.source)
    const address = terminus?.value(ADDRESS)
    return typeof address === 'string' ? address : undefined
  }

  /** Address of the other end: of the target for a reader. */
  get ownAddress(): string | undefined {
    const address = this.attachFields.described(this.isReceiver ? FIELD.source : FIELD.target)?.value(ADDRESS)
    return typeof address === 'string' ? address : undefined
  }

  get maxMessageSize(): number | undefined {
    return this.attachFields.integer(FIELD.maxMessageSize)
  }

  /** 0 unsettled, 1 settled, 2 mixed. AMQP 1.0 §2.8.2. */
  get sndSettleMode(): number | undefined {
    return this.attachFields.integer(FIELD.snd)
  }

  get initialDeliveryCount(): number {
    return this.attachFields.integer(FIELD.deliveryCount) ?? 0
  }

  /** True when the peer asked for a capability; one alone may come as a plain symbol. */
  wants(capability: string): boolean {
    const desired = this.attachFields.value(DESIRED_CAPABILITIES)
    return Array.isArray(desired) ? desired.includes(capability) : desired === capability
  }

  /** The text of the filter `apache.org:selector-filter:string`, under whatever key and descriptor it came. */
  get selector(): string | undefined {
    for (const [key, filter] of this.#filters()) {
      const text = filter instanceof Described ? filter.value : filter
      if (isSelector(key, text)) return text as string
    }
    return undefined
  }

  /** Calls back once when the link is over, whoever ended it. */
  onEnd(listener: () => void): void {
    this.#endListeners.push(listener)
  }

  attach(reply: AttachReply = {}): void {
    this.#state = 'attached'
    const { attachFields: fields } = this
    const source = fields.raw(FIELD.source) ?? describe(SOURCE, encodeList([]))
    this.#writeAttach(reply, this.isReceiver ? source : this.#withKnownFilters(source), this.#ownTarget())
    this.attached()
  }

  /** Refuses a link: an attach without terminus, then a detach that says why. AMQP 1.0 §2.6.3. */
  refuse(error: AmqpError): void {
    if (this.#state !== 'attaching') return
    this.#writeAttach({}, undefined, undefined)
    this.#state = 'attached'
    this.detach(error)
  }

  /** Ends the link from this side. */
  detach(error?: AmqpError): void {
    if (this.#state !== 'attached') return
    this.#state = 'detaching'
    const { peer } = this.session
    this.session.write(encodeDetach(this.handle, true, error && peer.fitting(error)))
    this.#ended()
  }

  /** The peer has detached it. */
  onDetach(closed: boolean): void {
    if (this.#state === 'attached') {
      this.session.write(encodeDetach(this.handle, closed, undefined))
      this.#ended()
    }
    this.#state = 'ended'
  }

  /** The session or the connection is over. */
  abandon(): void {
    if (this.#state === 'ended') return
    const wasOpen = this.#state === 'attached'
    this.#state = 'ended'
    if (wasOpen) this.#ended()
  }

  /** Does what has to follow the attach. */
  protected attached(): void {}

  #ended(): void {
    const listeners = this.#endListeners
    this.#endListeners = []
    for (const listener of listeners) listener()
  }

  #writeAttach(reply: AttachReply, source: Buffer | undefined, target: Buffer | undefined): void {
    const { attachFields: fields, isReceiver } = this
    const encode = (properties: Buffer | undefined) =>
      encodeAttach({
        name: this.name,
        handle: this.handle,
        isReceiver,
        // go-amqp insists on its own modes; as a receiver we only ever settle first.
        sndSettleMode: fields.raw(FIELD.snd),
        rcvSettleMode: isReceiver ? undefined : fields.raw(FIELD.rcv),
        source,
        target,
        initialDeliveryCount: isReceiver ? undefined : 0,
        maxMessageSize: reply.maxMessageSize === undefined ? undefined : encodeUlong(reply.maxMessageSize),
        offeredCapabilities: reply.offeredCapabilities ?? [],
        properties,
      })
    const full = encode(reply.properties ?? fields.raw(PROPERTIES))
    this.session.write(this.session.peer.fits(full) ? full : encode(undefined))
  }

  #ownTarget(): Buffer {
    return this.attachFields.raw(FIELD.target) ?? describe(TARGET, encodeList([]))
  }

  #filters(): ReadonlyMap<unknown, unknown> {
    const filters = this.attachFields.described(FIELD.source)?.value(FILTER)
    return filters instanceof Map ? filters : new Map()
  }

  /** "the sending endpoint … MUST send the filters which are actually in place" (AMQP 1.0 §3.5.3). */
  #withKnownFilters(source: Buffer): Buffer {
    if (this.#filters().size === 0) return source
    const fields = this.attachFields.described(FIELD.source) as Fields
    const raw = fields.raw(FILTER) as Buffer
    const known = readMap(raw, 0, raw.length).filter(({ key, value, end }) => {
      const filter = decodeValue(raw, value, end)
      return isSelector(decodeValue(raw, key, value), filter instanceof Described ? filter.value : filter)
    })
    if (known.length === this.#filters().size) return source
    const map = encodeMap(known.map(({ key, value, end }) => [raw.subarray(key, value), raw.subarray(value, end)]))
    const items = Array.from({ length: fields.count }, (_, i) =>
      i === FILTER ? (known.length > 0 ? map : NULL) : (fields.raw(i) ?? NULL),
    )
    return describe(SOURCE, encodeList(items))
  }
}

function isSelector(key: unknown, text: unknown): boolean {
  return typeof text === 'string' && (String(key).includes('selector') || text.startsWith('amqp.annotation'))
}
