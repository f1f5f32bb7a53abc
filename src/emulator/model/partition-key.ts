/**
 * The partition of an event with a partition key. The service hashes the key's UTF-8 bytes with Bob Jenkins's lookup3
 * (public domain, 2006), both seeds 0, folds the two results to 16 bits and takes the remainder. Source: Microsoft's
 * PartitionResolver (azure-sdk-for-net), whose test vectors are those of the service.
 */
export function partitionOfKey(partitionKey: string, partitionCount: number): number {
  return Math.abs(hashOfKey(partitionKey) % partitionCount)
}

/** The signed 16-bit hash of a partition key. */
export function hashOfKey(partitionKey: string): number {
  const [b, c] = lookup3(Buffer.from(partitionKey, 'utf8'))
  return ((b ^ c) << 16) >> 16
}

const rotate = (value: number, bits: number) => (value << bits) | (value >>> (32 - bits))

/** `hashlittle2` of lookup3 with both seeds 0; returns its second and first result. */
function lookup3(data: Buffer): [b: number, c: number] {
  let a = (0xdeadbeef + data.length) | 0
  let b = a
  let c = a
  let at = 0
  let left = data.length
  for (; left > 12; at += 12, left -= 12) {
    a = (a + data.readInt32LE(at)) | 0
    b = (b + data.readInt32LE(at + 4)) | 0
    c = (c + data.readInt32LE(at + 8)) | 0
    a = (a - c) ^ rotate(c, 4)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 6)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 8)
    b = (b + a) | 0
    a = (a - c) ^ rotate(c, 16)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 19)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 4)
    b = (b + a) | 0
  }
  if (left === 0) return [b, c]
  const tail = Buffer.alloc(12)
  data.copy(tail, 0, at)
  a = (a + tail.readInt32LE(0)) | 0
  b = (b + tail.readInt32LE(4)) | 0
  c = (c + tail.readInt32LE(8)) | 0
  c = (c ^ b) - rotate(b, 14)
  a = (a ^ c) - rotate(c, 11)
  b = (b ^ a) - rotate(a, 25)
  c = (c ^ b) - rotate(b, 16)
  a = (a ^ c) - rotate(c, 4)
  b = (b ^ a) - rotate(a, 14)
  c = (c ^ b) - rotate(b, 24)
  return [b, c]
}
