import { MalformedRequest } from './protocol/reader.js'

const SIZE_BYTES = 4

/** Cuts what a connection receives into frames. Holds no more than one frame that is not complete, and what came behind. */
export class Frames {
  #chunks: Buffer[] = []
  #buffered = 0
  /** Size of the frame that is under way. */
  #size: number | undefined

  /** Bytes that wait. */
  get buffered(): number {
    return this.#buffered
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The next frame without its size, or undefined until it is all there. Throws for one that is too large. */
  next(limit: number): Buffer | undefined {
    if (this.#size === undefined) {
      if (this.#buffered < SIZE_BYTES) return undefined
      this.#size = this.#take(SIZE_BYTES).readInt32BE(0)
      if (this.#size < 0 || this.#size > limit) throw new MalformedRequest(`a frame of ${this.#size} bytes`)
    }
    if (this.#buffered < this.#size) return undefined
    const frame = this.#take(this.#size)
    this.#size = undefined
    return frame
  }

  #take(length: number): Buffer {
    if (length === 0) return Buffer.alloc(0)
    this.#buffered -= length
    const [first] = this.#chunks
    if (first && first.length > length) {
      this.#chunks[0] = first.subarray(length)
      return first.subarray(0, length)
    }
    if (first && first.length === length) {
      this.#chunks.shift()
      return first
    }
    const taken = Buffer.allocUnsafe(length)
    let at = 0
    let used = 0
    for (const chunk of this.#chunks) {
      const copied = chunk.copy(taken, at)
      at += copied
      if (copied < chunk.length) {
        this.#chunks[used] = chunk.subarray(copied)
        break
      }
      used++
      if (at === length) break
    }
    this.#chunks.splice(0, used)
    return taken
  }
}
