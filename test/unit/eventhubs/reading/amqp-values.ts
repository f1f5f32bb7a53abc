import fc from 'fast-check'

/** A value in one of its encodings, and what it says. */
export interface Encoded {
  readonly bytes: Buffer
  readonly value: unknown
}

const uint = (width: 1 | 2 | 4, value: number) => {
  const bytes = Buffer.alloc(width)
  bytes.writeUIntBE(value, 0, width)
  return bytes
}
const code = (type: number, ...rest: Buffer[]) => Buffer.concat([Buffer.of(type), ...rest])
const variable = (type: number, content: Buffer) =>
  code(type, uint(type >>> 4 === 0xa ? 1 : 4, content.length), content)

const fixed = (
  type: number,
  width: number,
  write: (bytes: Buffer, value: number) => void,
  values: fc.Arbitrary<number>,
) =>
  values.map((value): Encoded => {
    const bytes = Buffer.alloc(width)
    write(bytes, value)
    return { bytes: code(type, bytes), value }
  })

const float32 = fc.float({ noNaN: true }).map(Math.fround)
const big = (signed: boolean) =>
  fc.oneof(
    signed ? fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n - 1n }) : fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
    // What JavaScript can't hold; rhea rounds what is just above.
    signed ? fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 54n) }) : fc.bigInt({ min: 2n ** 54n, max: 2n ** 64n - 1n }),
  )
const long = (type: number, signed: boolean) =>
  big(signed).map((number): Encoded => {
    const bytes = Buffer.alloc(8)
    if (signed) bytes.writeBigInt64BE(number)
    else bytes.writeBigUInt64BE(number)
    const isExact = number >= -(2n ** 53n) && number < 2n ** 53n
    return { bytes: code(type, bytes), value: isExact ? Number(number) : bytes }
  })
const opaque = (type: number, width: number) =>
  fc.uint8Array({ minLength: width, maxLength: width }).map((value): Encoded => {
    const bytes = Buffer.from(value)
    return { bytes: code(type, bytes), value: bytes }
  })
const constant = (type: number, value: unknown) => fc.constant<Encoded>({ bytes: Buffer.of(type), value })

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })
const bytesOf = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
const worded = (type: number, content: fc.Arbitrary<string>) =>
  content.map((value): Encoded => ({ bytes: variable(type, Buffer.from(value)), value }))

const primitives: fc.Arbitrary<Encoded>[] = [
  constant(0x40, null),
  constant(0x41, true),
  constant(0x42, false),
  fc.boolean().map((value) => ({ bytes: Buffer.of(0x56, value ? 1 : 0), value })),
  constant(0x43, 0),
  constant(0x44, 0),
  fixed(0x50, 1, (b, v) => b.writeUInt8(v), fc.nat(255)),
  fixed(0x52, 1, (b, v) => b.writeUInt8(v), fc.nat(255)),
  fixed(0x53, 1, (b, v) => b.writeUInt8(v), fc.nat(255)),
  fixed(0x51, 1, (b, v) => b.writeInt8(v), fc.integer({ min: -128, max: 127 })),
  fixed(0x54, 1, (b, v) => b.writeInt8(v), fc.integer({ min: -128, max: 127 })),
  fixed(0x55, 1, (b, v) => b.writeInt8(v), fc.integer({ min: -128, max: 127 })),
  fixed(0x60, 2, (b, v) => b.writeUInt16BE(v), fc.nat(65535)),
  fixed(0x61, 2, (b, v) => b.writeInt16BE(v), fc.integer({ min: -32768, max: 32767 })),
  fixed(0x70, 4, (b, v) => b.writeUInt32BE(v), fc.nat(2 ** 32 - 1)),
  fixed(0x71, 4, (b, v) => b.writeInt32BE(v), fc.integer()),
  fixed(0x73, 4, (b, v) => b.writeUInt32BE(v), fc.nat(0x10ffff)),
  fixed(0x72, 4, (b, v) => b.writeFloatBE(v), float32),
  fixed(0x82, 8, (b, v) => b.writeDoubleBE(v), fc.double({ noNaN: true })),
  long(0x80, false),
  long(0x81, true),
  fc.date({ noInvalidDate: true }).map((value) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(value.getTime()))
    return { bytes: code(0x83, bytes), value }
  }),
  opaque(0x98, 16),
  opaque(0x74, 4),
  opaque(0x84, 8),
  opaque(0x94, 16),
  ...[0xa0, 0xb0].map((type) => bytesOf.map((value): Encoded => ({ bytes: variable(type, value), value }))),
  ...[0xa1, 0xb1].map((type) => worded(type, text)),
  ...[0xa3, 0xb3].map((type) => worded(type, ascii)),
]

/** Elements of an array share their constructor: types whose elements are told by their bytes alone. */
const elements: readonly [number, fc.Arbitrary<Encoded>][] = [
  [0x50, fixed(0x50, 1, (b, v) => b.writeUInt8(v), fc.nat(255))],
  [0x71, fixed(0x71, 4, (b, v) => b.writeInt32BE(v), fc.integer())],
  [0x81, long(0x81, true)],
  [0xa1, worded(0xa1, text)],
  [0xa3, worded(0xa3, ascii)],
  [0xb0, bytesOf.map((value): Encoded => ({ bytes: variable(0xb0, value), value }))],
  [0x41, constant(0x41, true)],
]

/** Size, count and content, as compound types have them; the short form only where it fits. */
function compound(short: number, wide: number, count: number, content: Buffer, wantsShort: boolean): Buffer {
  if (wantsShort && content.length + 1 <= 255 && count <= 255) {
    return code(short, uint(1, content.length + 1), uint(1, count), content)
  }
  return code(wide, uint(4, content.length + 4), uint(4, count), content)
}

const arrays = fc.tuple(fc.constantFrom(...elements), fc.boolean()).chain(([[type, element], isShort]) =>
  fc.array(element, { maxLength: 8 }).map((items): Encoded => {
    const content = Buffer.concat([Buffer.of(type), ...items.map(({ bytes }) => bytes.subarray(1))])
    return {
      bytes: compound(0xe0, 0xf0, items.length, content, isShort),
      value: items.map(({ value }) => value),
    }
  }),
)

const safeNames = fc.oneof(ascii, text).filter((name) => name !== '__proto__')
const names = fc.oneof(worded(0xa1, safeNames), worded(0xa3, ascii), worded(0xb3, ascii), worded(0xb1, safeNames))
const descriptors = fc.oneof(
  worded(0xa3, ascii),
  fixed(0x53, 1, (b, v) => b.writeUInt8(v), fc.nat(255)),
  long(0x80, false),
)

/** Any value, however it is nested. */
export const values: fc.Arbitrary<Encoded> = fc.letrec<{ value: Encoded }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    ...primitives,
    constant(0x45, []),
    arrays,
    fc.tuple(fc.array(tie('value'), { maxLength: 5 }), fc.boolean()).map(([items, isShort]): Encoded => {
      const content = Buffer.concat(items.map(({ bytes }) => bytes))
      return { bytes: compound(0xc0, 0xd0, items.length, content, isShort), value: items.map(({ value }) => value) }
    }),
    mapsOf(tie('value')),
    fc.tuple(descriptors, tie('value')).map(
      ([descriptor, item]): Encoded => ({
        bytes: code(0, descriptor.bytes, item.bytes),
        value: { descriptor: descriptor.value, value: item.value },
      }),
    ),
  ),
})).value

function mapsOf(items: fc.Arbitrary<Encoded>): fc.Arbitrary<Encoded> {
  const isUnsafe = (entries: [Encoded, Encoded][]) => entries.some(([{ value }]) => value === '__proto__')
  return fc
    .tuple(fc.array(fc.tuple(names, items), { maxLength: 5 }), fc.boolean())
    .filter(([entries]) => !isUnsafe(entries))
    .map(([entries, isShort]): Encoded => {
      const content = Buffer.concat(entries.flatMap(([name, item]) => [name.bytes, item.bytes]))
      return {
        bytes: compound(0xc1, 0xd1, entries.length * 2, content, isShort),
        value: Object.fromEntries(entries.map(([name, item]) => [name.value, item.value])),
      }
    })
}
