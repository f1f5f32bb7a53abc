/** Castagnoli's polynomial, bits reversed. `node:zlib` and npm's pure JavaScript packages have the other one. */
const POLYNOMIAL = 0x82f63b78

/** Table k takes a byte that stands k bytes before the end of a word of four. */
const TABLES = createTables(4)

function createTables(count: number): readonly Int32Array[] {
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    first[byte] = value
  }
  const tables = [first]
  for (let k = 1; k < count; k++) {
    const before = tables[k - 1] as Int32Array
    tables.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)))
  }
  return tables
}

/** The checksum of a record batch. RFC 3720, appendix B.4. */
export function crc32c(bytes: Buffer, start = 0, end = bytes.length): number {
  const [t0, t1, t2, t3] = TABLES as [Int32Array, Int32Array, Int32Array, Int32Array]
  let crc = -1
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word = crc ^ bytes.readInt32LE(at)
    crc =
      (t3[word & 0xff] as number) ^
      (t2[(word >>> 8) & 0xff] as number) ^
      (t1[(word >>> 16) & 0xff] as number) ^
      (t0[word >>> 24] as number)
  }
  for (; at < end; at++) crc = (t0[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ -1) >>> 0
}
