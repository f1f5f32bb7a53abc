import fc from 'fast-check'
import rhea from 'rhea'
import { describe, expect, it } from 'vitest'
import { fromEvent, toEvent } from '../../../src/translate/message.js'
import type { IHeaders, Message } from '../../../src/types/message.js'
import { overTheWire, receive } from './wire.js'

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'grapheme', maxLength: 80 })
const value = fc.oneof(bytes, text)
const headerName = fc.oneof(text, fc.constantFrom('', '__proto__', 'constructor', 'toString', '1', 'content-type'))
const header = fc.oneof(value, fc.array(value, { maxLength: 4 }))
const headers: fc.Arbitrary<IHeaders> = fc
  .uniqueArray(fc.tuple(headerName, header), { selector: ([name]) => name, maxLength: 6 })
  .map((entries) => {
    const all: IHeaders = {}
    for (const [name, member] of entries) {
      Object.defineProperty(all, name, { value: member, enumerable: true, configurable: true, writable: true })
    }
    return all
  })
const message: fc.Arbitrary<Message> = fc.record(
  {
    key: fc.option(value),
    value: fc.option(value),
    headers,
    timestamp: fc.integer({ min: 0, max: 8.64e15 }).map(String),
  },
  { requiredKeys: ['value'] },
)

const toBuffer = (data: Buffer | string) => (typeof data === 'string' ? Buffer.from(data) : data)

/** What kafkajs's consumer makes of the same headers. */
function received(sent: IHeaders | undefined): [string, Buffer | Buffer[]][] {
  return Object.entries(sent ?? {}).flatMap(([name, member]): [string, Buffer | Buffer[]][] => {
    const all = (Array.isArray(member) ? member : [member as string]).map(toBuffer)
    if (all.length === 0) return []
    return [[name, all.length === 1 ? (all[0] as Buffer) : all]]
  })
}

describe('a message over AMQP', () => {
  it('comes back as kafkajs delivers it, whatever its bytes', () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, sequenceNumber) => {
        const got = fromEvent(overTheWire(toEvent(sent, 'orders'), { sequenceNumber, enqueuedTime: 1234 }))
        expect(got.value).toEqual(sent.value === null ? null : toBuffer(sent.value))
        expect(got.key).toEqual(sent.key === null || sent.key === undefined ? null : toBuffer(sent.key))
        expect(got.timestamp).toBe(sent.timestamp ?? '1234')
        expect(got.offset).toBe(String(sequenceNumber))
        expect(new Map(Object.entries(got.headers))).toEqual(new Map(received(sent.headers)))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps every byte value', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const got = fromEvent(overTheWire(toEvent({ key: all, value: all, headers: { all } }, 'orders')))
    expect(got.key).toEqual(all)
    expect(got.value).toEqual(all)
    expect(got.headers['all']).toEqual(all)
  })

  it('tells a tombstone from an empty value and an empty key from none', () => {
    expect(fromEvent(overTheWire(toEvent({ value: null }, 'orders'))).value).toBeNull()
    expect(fromEvent(overTheWire(toEvent({ value: '' }, 'orders'))).value).toEqual(Buffer.alloc(0))
    expect(fromEvent(overTheWire(toEvent({ key: '', value: '' }, 'orders'))).key).toEqual(Buffer.alloc(0))
    expect(fromEvent(overTheWire(toEvent({ key: null, value: '' }, 'orders'))).key).toBeNull()
  })

  it('has the keys of kafkajs, in its order', () => {
    const got = fromEvent(overTheWire(toEvent({ value: 'x' }, 'orders')))
    expect(Object.keys(got)).toEqual([
      'magicByte',
      'attributes',
      'timestamp',
      'offset',
      'key',
      'value',
      'headers',
      'isControlRecord',
      'batchContext',
    ])
    expect(got).toMatchObject({ magicByte: 2, attributes: 0, isControlRecord: false, headers: {} })
  })

  it('shows readers of other libraries plain bytes, and the last value of a repeated header', () => {
    const event = toEvent({ key: 'k', value: 'v', headers: { once: '1', twice: ['a', 'b'] }, timestamp: '5' }, 'orders')
    expect(event).toEqual({
      body: Buffer.from('v'),
      bodyType: 'data',
      messageAnnotations: {
        'x-opt-kafka-key': Buffer.from('k'),
        'x-opt-kafka-headers': ['once', Buffer.from('1'), 'twice', Buffer.from('a'), 'twice', Buffer.from('b')],
      },
      applicationProperties: { once: Buffer.from('1'), twice: Buffer.from('b') },
      properties: { creationTime: 5 },
    })
  })

  it('leaves out headers that are undefined', () => {
    const headers = { absent: undefined, kept: 'x', some: [undefined, 'y'] } as Message['headers']
    const { applicationProperties, messageAnnotations } = toEvent({ value: '', headers: headers ?? {} }, 'orders')
    expect(applicationProperties).toEqual({ kept: Buffer.from('x'), some: Buffer.from('y') })
    expect(messageAnnotations).toBeUndefined()
    expect(toEvent({ value: '', headers: { absent: undefined } }, 'orders').applicationProperties).toBeUndefined()
  })

  it('names the header and the topic of what cannot be sent', () => {
    const message = { value: '', headers: { retries: 3 } } as unknown as Message
    expect(() => toEvent(message, 'orders')).toThrow(
      'The header "retries" of a message for topic "orders" must be a string or a Buffer, received type number',
    )
  })

  it.each([
    ['a number as value', { value: 1 }],
    ['an object as key', { key: {}, value: '' }],
    ['null as header', { value: '', headers: { a: null } }],
    ['a number in a repeated header', { value: '', headers: { a: ['x', 1] } }],
  ])('refuses %s with the code of kafkajs', (_, wrong) => {
    expect(() => toEvent(wrong as unknown as Message, 'orders')).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  it.each(['', 'yesterday', '1.5', '8640000000000001'])('refuses the timestamp %j', (timestamp) => {
    expect(() => toEvent({ value: '', timestamp }, 'orders')).toThrow(/whole milliseconds/)
  })
})

describe('an event of another sender', () => {
  const { data_section, data_sections, sequence_section, sequence_sections } = rhea.message
  const valueText = (body: unknown) => fromEvent(receive({ body })).value?.toString()

  it('has its data sections joined', () => {
    expect(valueText(data_section(Buffer.from('one') as never))).toBe('one')
    expect(valueText(data_sections([Buffer.from('one'), Buffer.from('two')] as never))).toBe('onetwo')
  })

  it('has value and sequence bodies as JSON text', () => {
    expect(valueText({ a: 1, at: new Date(0), bytes: Buffer.from('hi') })).toBe(
      '{"a":1,"at":"1970-01-01T00:00:00.000Z","bytes":"aGk="}',
    )
    expect(valueText('text')).toBe('"text"')
    expect(valueText(42)).toBe('42')
    expect(valueText(sequence_section([1, 'two', true] as never))).toBe('[1,"two",true]')
    expect(valueText(sequence_sections([[1, 2], [3]] as never))).toBe('[1,2,3]')
  })

  it('has binary value bodies as they are, and no body as null', () => {
    expect(valueText(Buffer.from([0x68, 0x69]))).toBe('hi')
    expect(fromEvent(receive({ body: null })).value).toBeNull()
    expect(fromEvent(receive({ body: data_section(null as never) })).value).toBeNull()
  })

  it('has typed properties as text and message properties as headers', () => {
    const { headers } = fromEvent(
      receive({
        body: 'x',
        application_properties: {
          text: 'ä',
          yes: true,
          count: 7,
          share: 0.5,
          when: new Date(1),
          none: null,
          raw: Buffer.from([255]),
          long: rhea.types.wrap_long(-5),
          list: rhea.types.wrap_list(['a', 1]),
        },
        message_id: 'm-1',
        content_type: 'application/json',
        content_encoding: 'utf-8',
        correlation_id: 'c-1',
        creation_time: new Date(77),
        message_annotations: { 'iothub-connection-device-id': 'device-1', 'x-opt-publisher': 'p' },
      }),
    )
    const asText = Object.fromEntries(Object.entries(headers).map(([name, data]) => [name, data?.toString('latin1')]))
    expect(asText).toEqual({
      text: Buffer.from('ä').toString('latin1'),
      yes: 'true',
      count: '7',
      share: '0.5',
      when: '1970-01-01T00:00:00.001Z',
      none: undefined,
      raw: '\xff',
      long: '-5',
      list: '["a",1]',
      'message-id': 'm-1',
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      'correlation-id': 'c-1',
      'iothub-connection-device-id': 'device-1',
    })
    expect(headers['none']).toBeNull()
  })

  it("has the Kafka endpoint's key, else the partition key, else none", () => {
    const key = (annotations: object, partitionKey?: string) =>
      fromEvent(receive({ body: 'x', message_annotations: annotations }, { partitionKey: partitionKey ?? null })).key
    expect(key({ 'x-opt-kafka-key': Buffer.from([1, 2]) }, 'pk')).toEqual(Buffer.from([1, 2]))
    expect(key({ 'x-opt-kafka-key': 'text' })).toEqual(Buffer.from('text'))
    expect(key({}, 'pk')).toEqual(Buffer.from('pk'))
    expect(key({})).toBeNull()
  })

  it('has its creation time, else when it was stored', () => {
    const enqueuedTime = 99
    expect(fromEvent(receive({ body: 'x', creation_time: new Date(5) }, { enqueuedTime })).timestamp).toBe('5')
    expect(fromEvent(receive({ body: 'x' }, { enqueuedTime })).timestamp).toBe('99')
  })
})
