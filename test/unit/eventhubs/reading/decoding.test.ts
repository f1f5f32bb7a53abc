import fc from 'fast-check'
import rhea from 'rhea'
import { expect, it } from 'vitest'
import { DecodingError, decodeValue, endOfValue } from '../../../../src/eventhubs/reading/decoding.js'
import { values } from './amqp-values.js'

/** What rhea leaves a value as before it is made convenient. */
interface Typed {
  readonly type: { readonly name: string; readonly typecode: number }
  readonly value: unknown
  readonly descriptor?: Typed
}

/** rhea's reading in our form: it gives booleans of a byte as numbers. */
function plain(typed: Typed): unknown {
  const { descriptor, ...bare } = typed
  if (descriptor) return { descriptor: plain(descriptor), value: plain(bare) }
  const { type, value } = bare
  if (type.name === 'Boolean') return value !== 0
  if (!Array.isArray(value)) return value
  const items: unknown[] = value.map((item) => plain(item as Typed))
  if (!type.name.startsWith('Map')) return items
  return Object.fromEntries(items.flatMap((key, index) => (index % 2 === 0 ? [[String(key), items[index + 1]]] : [])))
}

const Reader = (rhea.types as unknown as { Reader: new (bytes: Buffer) => { read(): Typed } }).Reader

it('reads every type in every encoding, as rhea does', () => {
  fc.assert(
    fc.property(values, ({ bytes, value }) => {
      expect(decodeValue(bytes)).toEqual(value)
      // Of a descriptor before another one rhea keeps one.
      if (bytes[0] !== 0 || !hasNestedDescriptor(value))
        expect(withoutNested(plain(new Reader(bytes).read()))).toEqual(withoutNested(value))
    }),
    { seed: 1, numRuns: 3000 },
  )
})

/** A described value that is described itself. */
function hasNestedDescriptor(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const inner = (value as { value?: unknown }).value
  if ('descriptor' in value && typeof inner === 'object' && inner !== null && 'descriptor' in inner) return true
  return Object.values(value).some(hasNestedDescriptor)
}

const withoutNested = (value: unknown) => (hasNestedDescriptor(value) ? undefined : value)

it('tells where a value ends', () => {
  fc.assert(
    fc.property(values, fc.uint8Array({ maxLength: 9 }), ({ bytes }, rest) => {
      const all = Buffer.concat([bytes, rest])
      expect(endOfValue(all, 0, all.length)).toBe(bytes.length)
      for (let end = 0; end < bytes.length; end++) expect(() => endOfValue(all, 0, end)).toThrow(DecodingError)
    }),
    { seed: 2, numRuns: 300 },
  )
})

it('fails with a DecodingError for what is no AMQP, soon', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(values, damage, ({ bytes }, changes) => {
      const damaged = Buffer.from(bytes)
      for (const [at, byte] of changes) damaged[at % damaged.length] = byte
      attempt(damaged)
    }),
    { seed: 3, numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => attempt(Buffer.from(bytes))),
    { seed: 4, numRuns: 3000 },
  )
})

function attempt(bytes: Buffer): void {
  try {
    decodeValue(bytes)
  } catch (error) {
    if (!(error instanceof DecodingError)) throw error
  }
}

it.each([
  ['nothing', '', /end within a value/],
  ['a type that is none', '10', /no AMQP type 0x10/],
  ['a text that goes on', 'a105616263', /end within a value, at byte 1/],
  ['a list with more values than bytes', 'd000000004ffffffff', /claims 4294967295 values/],
  ['an array of so many nothings', 'f000000005ffffffff40', /claims 4294967295 values/],
  ['a map whose last key has no value', 'c1030141', /end within|a key has none/],
  ['a list that is longer than its values', 'c003014141', /longer than its values/],
  ['lists in lists in lists', `${'d0000000ff00000001'.repeat(30)}40`, /end within/],
  ['descriptors without end', '00'.repeat(2000), /nested too deep|end within/],
])('names what is wrong with %s', (_, hex, message) => {
  expect(() => decodeValue(Buffer.from(hex, 'hex'))).toThrow(message)
})

it('nests sixty-four levels, and no deeper', () => {
  expect(() => decodeValue(nested(64))).not.toThrow()
  expect(() => decodeValue(nested(65))).toThrow(/nested too deep/)
})

/** Null in so many lists. */
function nested(levels: number): Buffer {
  let bytes = Buffer.of(0x40)
  for (let i = 0; i < levels; i++) {
    const header = Buffer.alloc(9)
    header[0] = 0xd0
    header.writeUInt32BE(bytes.length + 4, 1)
    header.writeUInt32BE(1, 5)
    bytes = Buffer.concat([header, bytes])
  }
  return bytes
}

it('keeps an entry whose name an object takes for something else', () => {
  const map = decodeValue(Buffer.from('c10c02a1095f5f70726f746f5f5f41', 'hex').fill(0x0d, 1, 2)) as object
  expect(Object.getOwnPropertyDescriptor(map, '__proto__')?.value).toBe(true)
})
