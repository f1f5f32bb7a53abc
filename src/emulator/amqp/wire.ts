import type { ByteStream } from '../byte-stream.js'

/** Frames are written into chunks of this size; what doesn't fit begins a new one. */
const CHUNK = 65_536

/** A payload from this size on is not copied into the chunk. */
const LARGE = 4096

const FRAME_HEAD = 8

/**
 * Writes frames to a byte stream. Those of one tick leave in one piece; after `end` nothing is read any more, so a peer
 * that broke the protocol is not listened to, only told.
 */
export class Wire {
  readonly #stream: ByteStream
  #chunk: Buffer = Buffer.alloc(0)
  /** Of the chunk: what is not yet in `#pending`. */
  #from = 0
  #at = 0
  #pending: Buffer[] = []
  #pendingBytes = 0
  #isScheduled = false
  #ended = false
  #ending = false
  #closed = false
  #closeListeners = new Set<() => void>()
  #drainListeners = new Set<() => void>()
  #beforeFlush: () => void = () => {}
  /** True when something was written since `takeActivity` was called. */
  #active = false

  constructor(stream: ByteStream) {
    this.#stream = stream
    stream.onDrain(() => {
      for (const listener of [...this.#drainListeners]) listener()
    })
    stream.onClose(() => {
      if (this.#closed) return
      this.#closed = true
      this.#ended = true
      this.#drop()
      for (const listener of [...this.#closeListeners]) listener()
    })
  }

  /** Bytes that wait for the network. */
  get bufferedBytes(): number {
    return this.#pendingBytes + this.#stream.bufferedBytes()
  }

  get isClosed(): boolean {
    return this.#closed
  }

  onData(listener: (data: Buffer) => void): void {
    this.#stream.onData((data) => {
      if (!this.#ending) listener(data)
    })
  }

  /** Calls back when the network has taken everything. Returns its own remover. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener)
    return () => {
      this.#drainListeners.delete(listener)
    }
  }

  /** Calls back when the connection is gone. Returns its own remover. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  /** Lets something be written that was put off to the end of the tick. */
  onFlush(listener: () => void): void {
    this.#beforeFlush = listener
  }

  bytes(bytes: Buffer): void {
    const at = this.reserve(bytes.length)
    bytes.copy(this.#chunk, at)
  }

  /** A frame whose body is given encoded. */
  frame(type: 0 | 1, channel: number, body: Buffer): void {
    const at = this.frameHead(type, channel, body.length)
    body.copy(this.#chunk, at)
  }

  /**
   * The head of a frame and room behind it for `size` bytes of its body, which begins at the returned index of
   * `buffer`. What of the body is not to be copied comes in with `payload`; it counts in `payloadSize`.
   */
  frameHead(type: 0 | 1, channel: number, size: number, payloadSize = 0): number {
    const at = this.reserve(FRAME_HEAD + size)
    const chunk = this.#chunk
    chunk.writeUInt32BE(FRAME_HEAD + size + payloadSize, at)
    chunk[at + 4] = 2
    chunk[at + 5] = type
    chunk.writeUInt16BE(channel, at + 6)
    return at + FRAME_HEAD
  }

  /** The buffer that is being written into; valid until the next call of another method. */
  get buffer(): Buffer {
    return this.#chunk
  }

  /** More of the frame's body. */
  payload(source: Buffer, start: number, end: number): void {
    const size = end - start
    if (size < LARGE) {
      const at = this.reserve(size)
      source.copy(this.#chunk, at, start, end)
      return
    }
    if (this.#ended) return
    this.#seal()
    this.#pending.push(source.subarray(start, end))
    this.#pendingBytes += size
  }

  /** Room for some bytes, which are to be filled before the end of the tick. */
  reserve(size: number): number {
    if (this.#at + size > this.#chunk.length) {
      this.#seal()
      // Not from Node's pool, and each byte is written once: the network may still hold what was written before.
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, size))
      this.#from = 0
      this.#at = 0
    }
    const at = this.#at
    this.#at += size
    this.#pendingBytes += size
    this.schedule()
    return at
  }

  /** Has what is put off written at the end of the tick. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** True when anything was written since the last call. */
  takeActivity(): boolean {
    const active = this.#active
    this.#active = false
    return active
  }

  /** Reads no more, and closes when what this tick still has to say is out. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    setImmediate(() => {
      if (this.#ended) return
      this.#flush()
      this.#ended = true
      this.#stream.end()
    })
  }

  destroy(): void {
    this.#ending = true
    this.#ended = true
    this.#drop()
    this.#stream.destroy()
  }

  #seal(): void {
    if (this.#at > this.#from) this.#pending.push(this.#chunk.subarray(this.#from, this.#at))
    this.#from = this.#at
  }

  #drop(): void {
    this.#pending = []
    this.#from = this.#at
    this.#pendingBytes = 0
  }

  #flush(): void {
    if (this.#ended) {
      this.#drop()
      return
    }
    this.#beforeFlush()
    this.#seal()
    const buffers = this.#pending
    if (buffers.length === 0) return
    this.#pending = []
    this.#pendingBytes = 0
    this.#active = true
    this.#stream.write(buffers)
  }
}
