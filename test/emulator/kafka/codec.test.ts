import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { APIS } from '../../../src/emulator/kafka/apis/index.js'
import { codecOf, decodeResponse, encodeRequest, encodeResponse } from '../../../src/emulator/kafka/protocol/api.js'
import { MalformedRequest, Reader } from '../../../src/emulator/kafka/protocol/reader.js'
import type { Field, Fields } from '../../../src/emulator/kafka/protocol/schema.js'
import { Writer } from '../../../src/emulator/kafka/protocol/writer.js'

/** Values of a struct in one version, as the tables say; what the version has not is its default. */
function structOf(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(
      Object.entries(fields).map(([name, field]) => {
        const isThere = version >= field.from && version <= field.to
        return [name, isThere ? arbitraryOf(field, version) : fc.constant(field.or)]
      }),
    ),
  )
}

const primitives: Record<string, fc.Arbitrary<unknown>> = {
  boolean: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes)),
  string: fc.string({ unit: 'binary', maxLength: 20 }),
  bytes: fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes)),
}

function arbitraryOf({ type, nullableFrom }: Field<unknown>, version: number): fc.Arbitrary<unknown> {
  const arbitrary =
    type.kind === 'structs'
      ? fc.array(structOf(type.fields, version), { maxLength: 3 })
      : type.kind === 'array'
        ? fc.array(primitives[type.element] as fc.Arbitrary<unknown>, { maxLength: 3 })
        : (primitives[type.kind] as fc.Arbitrary<unknown>)
  return version >= nullableFrom ? fc.option(arbitrary) : arbitrary
}

const versions = APIS.flatMap((api) => {
  const [min, max] = api.versions
  return Array.from({ length: max - min + 1 }, (_, index) => ({ api, version: min + index, name: api.name }))
})

describe('the codec', () => {
  it.each(versions)('reads what it writes: $name $version', ({ api, version }) => {
    const codec = codecOf(api, version)
    fc.assert(
      fc.property(structOf(api.request, version), structOf(api.response, version), (request, response) => {
        const writer = new Writer()
        codec.writeRequest(writer, request)
        const reader = new Reader(Buffer.concat(writer.chunks()))
        expect(codec.readRequest(reader)).toEqual(request)
        expect(reader.remaining).toBe(0)

        const frame = Buffer.concat(encodeResponse({ api, version, correlationId: 7, response })).subarray(4)
        expect(decodeResponse({ api, version, frame })).toEqual({ correlationId: 7, response })
      }),
      { numRuns: 10, seed: 14 },
    )
  })

  it('never reads beyond its bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.constantFrom(...versions), fc.uint8Array({ maxLength: 300 }), ({ api, version }, bytes) => {
        try {
          codecOf(api, version).readRequest(new Reader(Buffer.from(bytes)))
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedRequest)
        }
      }),
      { numRuns: 5000, seed: 14 },
    )
  })

  it('refuses what was cut off at any place', () => {
    const [{ api, version }] = versions.filter(({ name }) => name === 'JoinGroup').slice(-1) as [(typeof versions)[0]]
    const protocols = [{ name: 'range', metadata: Buffer.from('x') }]
    const request = {
      groupId: 'g',
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      memberId: '',
      protocolType: 'c',
      protocols,
    }
    const whole = encodeRequest({ api, version, correlationId: 1, clientId: 'c', request }).subarray(12)
    for (let length = 0; length < whole.length - 1; length++) {
      expect(() => codecOf(api, version).readRequest(new Reader(whole.subarray(0, length)))).toThrow()
    }
  })

  it('skips tagged fields it does not know', () => {
    const reader = new Reader(Buffer.from([2, 0, 3, 1, 2, 3, 5, 0, 0x7f]))
    reader.skipTags()
    expect(reader.int8()).toBe(0x7f)
  })

  it('has no arrays that are longer than the request', () => {
    expect(() => new Reader(Buffer.from([0x7f, 0xff, 0xff, 0xff])).count()).toThrow(MalformedRequest)
    expect(() => new Reader(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])).compactCount()).toThrow(MalformedRequest)
  })
})
