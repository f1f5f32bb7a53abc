/** Bytes that are kept for transfers to come, at most. */
const mostKept = 2 * 1024 * 1024

/** Smaller ones are cut from Node's own pool, and cost little. */
const smallest = 4096

/**
 * The buffers of transfers that are stored, for those to come. Memory outside of V8's heap is freed by a collection of the
 * whole heap: with a new buffer for each transfer that was half of what sending cost.
 */
export class SpareBuffers {
  #kept: Buffer[] = []
  #bytes = 0

  /** One of at least this size, with any content. */
  take(size: number): Buffer {
    const index = this.#kept.findLastIndex(({ length }) => length >= size)
    if (index < 0) return Buffer.allocUnsafe(size)
    const [found] = this.#kept.splice(index, 1)
    this.#bytes -= found?.length ?? 0
    return found ?? Buffer.allocUnsafe(size)
  }

  /** Takes one that nobody reads or writes any more. */
  give(buffer: Buffer): void {
    if (buffer.length < smallest || this.#bytes + buffer.length > mostKept) return
    this.#kept.push(buffer)
    this.#bytes += buffer.length
  }
}
