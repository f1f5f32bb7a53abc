/**
 * The hash behind Kafka's partition choice, bit by bit as kafkajs 2.2.4 computes it: a key must stay in its partition
 * when a program changes libraries. Origin: `Utils.murmur2` of the Java client.
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** The bytes the default partitioner hashes: Buffers as they are, anything else as the UTF-8 of its text. */
function toBytes(key: unknown): Buffer {
  return Buffer.isBuffer(key) ? key : Buffer.from(String(key))
}

/** As the Java client: 32-bit arithmetic. */
export function murmur2(key: unknown): number {
  const data = toBytes(key)
  const length = data.length
  const end = length & ~3
  let h = SEED ^ length
  for (let i = 0; i < end; i += 4) {
    let k = Math.imul(data.readInt32LE(i), M)
    k = Math.imul(k ^ (k >>> R), M)
    h = Math.imul(h, M) ^ k
  }
  const tail = length & 3
  if (tail > 0) {
    if (tail > 2) h ^= byteAt(data, end + 2) << 16
    if (tail > 1) h ^= byteAt(data, end + 1) << 8
    h = Math.imul(h ^ byteAt(data, end), M)
  }
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/**
 * As kafkajs before version 2: the same steps in doubles, which lose low bits where a product passes 2^53, and with the
 * loop entered once more for the tail. Wrong as murmur2, and the partitions of everyone who stayed with it.
 */
export function legacyMurmur2(key: unknown): number {
  const data = toBytes(key)
  const length = data.length
  const end = length & ~3
  let h = SEED ^ length
  for (let i = 0; i < length; i += 4) {
    let k = byteAt(data, i) + (byteAt(data, i + 1) << 8) + (byteAt(data, i + 2) << 16) + (byteAt(data, i + 3) << 24)
    k *= M
    k ^= k >>> R
    k *= M
    h *= M
    h ^= k
  }
  const tail = length & 3
  if (tail > 0) {
    if (tail > 2) h ^= byteAt(data, end + 2) << 16
    if (tail > 1) h ^= byteAt(data, end + 1) << 8
    h ^= byteAt(data, end)
    h *= M
  }
  h ^= h >>> 13
  h *= M
  return h ^ (h >>> 15)
}

/** Past the end it is 0, as `undefined & 0xff` is. */
function byteAt(data: Buffer, index: number): number {
  return data[index] ?? 0
}
