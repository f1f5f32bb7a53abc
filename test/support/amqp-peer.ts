import { once } from 'node:events'
import { createRequire } from 'node:module'
import net from 'node:net'
import rhea from 'rhea'

/** A performative as rhea's codec gives and takes it. */
type Fields = Record<string, unknown>
interface Frame {
  readonly type: number
  readonly channel: number
  readonly performative?: Fields & { constructor: { descriptor: { symbolic: string } } }
  readonly payload?: Buffer
}
interface Codec {
  read_frame(bytes: Buffer): Frame
  write_frame(frame: object): Buffer
  amqp_frame(channel: number, performative: object, payload?: Buffer): object
  sasl_frame(performative: object): object
  [performative: string]: (...given: never[]) => unknown
}
// The codec of frames is not among what rhea exports; for a peer that breaks rules nothing less will do.
const codec = createRequire(import.meta.url)('rhea/lib/frames.js') as Codec
const make = codec as unknown as Record<string, (fields: Fields) => object>

/** A frame that the client has sent. */
export interface Sent {
  readonly name: string
  readonly channel: number
  readonly fields: Fields
}

export interface PeerOptions {
  /** What the peer says it must hear from the client in, ms. */
  readonly idleTimeOut?: number
  /** The first transfer's id in each session, and the delivery count each link begins with. */
  readonly firstId?: number
  readonly deliveryCount?: number
  /** Leaves reading links without an answer. */
  readonly ignoresReaders?: boolean
  /** Instead of accepting a reading link. */
  readonly refuse?: { condition: string; description: string }
}

/**
 * The other side of one AMQP connection, frame by frame: it says hello, takes any token, and accepts links. What goes over
 * the link that reads is the test's to send, right or wrong.
 */
export class AmqpPeer implements AsyncDisposable {
  readonly sent: Sent[] = []
  readonly port: number
  readonly #server: net.Server
  readonly #options: PeerOptions
  readonly #waiting = new Set<() => void>()
  #socket: net.Socket | undefined
  /** Client's channel and handle of links by name of what they read. */
  #link: { channel: number; handle: number } | undefined
  #cbs: { channel: number; handle: number } | undefined
  #replies = 0
  readonly #ended = new Set<string>()

  private constructor(server: net.Server, options: PeerOptions) {
    this.#server = server
    this.#options = options
    this.port = (server.address() as net.AddressInfo).port
    server.on('connection', (socket) => this.#serve(socket))
  }

  static async start(options: PeerOptions = {}): Promise<AmqpPeer> {
    const server = net.createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new AmqpPeer(server, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy()
    this.#server.close()
  }

  openStream = (onReady: () => void) => net.connect({ port: this.port, host: '127.0.0.1', noDelay: true }, onReady)

  /** Waits for a frame of the client's that was not given before. */
  async next(name: string, matches: (fields: Fields) => boolean = () => true): Promise<Sent> {
    for (;;) {
      const index = this.sent.findIndex((frame) => frame.name === name && matches(frame.fields))
      if (index >= 0) return this.sent.splice(index, 1)[0] as Sent
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  /** Writes bytes as they are. */
  write(...pieces: Buffer[]): void {
    for (const piece of pieces) this.#socket?.write(piece)
  }

  end(): void {
    this.#socket?.destroy()
  }

  /** Bytes of a frame in the session of the link that reads. What is ended from here is not answered when the client does. */
  frame(name: string, fields: Fields, payload?: Buffer, channel = this.#link?.channel ?? 0): Buffer {
    this.#ended.add(`${name} ${channel}`)
    return codec.write_frame(codec.amqp_frame(channel, make[name]?.(fields) as object, payload))
  }

  /** Bytes of a transfer over the link that reads. */
  transfer(fields: Fields, payload: Buffer): Buffer {
    return this.frame('transfer', { handle: 0, delivery_tag: Buffer.from('t'), message_format: 0, ...fields }, payload)
  }

  #serve(socket: net.Socket): void {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => {})
    let kept: Buffer = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      kept = Buffer.concat([kept, bytes])
      while (kept.length >= 8) {
        if (kept.toString('latin1', 0, 4) === 'AMQP') {
          this.#hello(kept[4] as number)
          kept = kept.subarray(8)
          continue
        }
        const size = kept.readUInt32BE(0)
        if (kept.length < size) break
        const frame = codec.read_frame(kept.subarray(0, size))
        kept = kept.subarray(size)
        this.#heard(frame)
      }
    })
  }

  #hello(protocol: number): void {
    this.write(Buffer.from([0x41, 0x4d, 0x51, 0x50, protocol, 1, 0, 0]))
    if (protocol !== 3) return
    const mechanisms = Buffer.from('005340c00f01e00c01a309414e4f4e594d4f5553', 'hex')
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 8 + mechanisms.length, 2, 1, 0, 0]), mechanisms])
    this.write(frame)
  }

  #heard({ type, channel, performative, payload }: Frame): void {
    const name = performative ? (performative.constructor.descriptor.symbolic.split(':')[1] as string) : 'empty'
    if (performative) this.#answer(type, channel, name, performative, payload)
    this.sent.push({ name, channel, fields: performative ?? {} })
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  #answer(type: number, channel: number, name: string, fields: Fields, payload: Buffer | undefined): void {
    const { idleTimeOut, firstId = 0 } = this.#options
    const reply = (what: string, content: Fields) => {
      if (!this.#ended.has(`${what} ${channel}`)) this.write(this.frame(what, content, undefined, channel))
    }
    if (type === 1) {
      this.write(codec.write_frame(codec.sasl_frame(make['sasl_outcome']?.({ code: 0 }) as object)))
      return
    }
    switch (name) {
      case 'open':
        reply('open', {
          container_id: 'peer',
          max_frame_size: 65536,
          ...(idleTimeOut && { idle_time_out: idleTimeOut }),
        })
        break
      case 'begin':
        for (const what of ['begin', 'attach', 'detach', 'end']) this.#ended.delete(`${what} ${channel}`)
        reply('begin', {
          remote_channel: channel,
          next_outgoing_id: firstId,
          incoming_window: 5000,
          outgoing_window: 5000,
        })
        break
      case 'attach':
        this.#attached(channel, fields)
        break
      case 'transfer':
        this.#token(payload)
        break
      case 'detach':
        reply('detach', { handle: fields['handle'], closed: true })
        break
      case 'end':
        reply('end', {})
        break
      case 'close':
        reply('close', {})
        this.#socket?.end()
    }
  }

  #attached(channel: number, fields: Fields): void {
    const { refuse, ignoresReaders, deliveryCount = 0 } = this.#options
    const { name, handle, role } = fields
    const answer = { name, handle, role: !role, source: fields['source'], target: fields['target'] }
    const reply = (what: string, content: Fields) => this.write(this.frame(what, content, undefined, channel))
    if (!role) {
      reply('attach', answer)
      reply('flow', {
        incoming_window: 5000,
        next_outgoing_id: 0,
        outgoing_window: 5000,
        handle,
        delivery_count: 0,
        link_credit: 100,
      })
      return
    }
    if (String(name).startsWith('cbs')) {
      this.#cbs = { channel, handle: Number(handle) }
      reply('attach', { ...answer, initial_delivery_count: 0 })
      return
    }
    if (ignoresReaders) return
    this.#link = { channel, handle: Number(handle) }
    if (refuse) {
      reply('attach', { name, handle, role: false, initial_delivery_count: 0 })
      reply('detach', { handle, closed: true, error: refuse })
    } else reply('attach', { ...answer, initial_delivery_count: deliveryCount })
  }

  /** Takes a token, whatever it is. */
  #token(payload: Buffer | undefined): void {
    if (!payload || !this.#cbs) return
    const { message_id } = rhea.message.decode(payload as never) as { message_id?: string }
    const answer = rhea.message.encode({
      correlation_id: message_id,
      application_properties: { 'status-code': 202, 'status-description': 'Accepted' },
    } as never) as unknown as Buffer
    const { channel, handle } = this.#cbs
    const fields = {
      handle,
      delivery_id: this.#replies++,
      delivery_tag: Buffer.from('r'),
      settled: true,
      message_format: 0,
    }
    this.write(this.frame('transfer', fields, answer, channel))
  }
}
