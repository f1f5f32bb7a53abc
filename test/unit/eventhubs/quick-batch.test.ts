import { AmqpAnnotatedMessage } from '@azure/core-amqp'
import { type EventDataBatch, EventHubProducerClient } from '@azure/event-hubs'
import fc from 'fast-check'
import rhea from 'rhea'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import { encodeEvent } from '../../../src/eventhubs/event-encoding.js'
import { quicken } from '../../../src/eventhubs/quick-batch.js'
import type { OutgoingEvent } from '../../../src/eventhubs/transport.js'
import { toEvent } from '../../../src/translate/message.js'

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array))
const name = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ minLength: 250, maxLength: 300 }))
const headers = fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { maxLength: 3 })), {
  maxKeys: 6,
  noNullPrototype: true,
})
const timestamp = fc.integer({ min: -8.64e15, max: 8.64e15 }).map(String)
const event = fc
  .record({ key: fc.option(bytes), value: fc.option(bytes), headers, timestamp }, { requiredKeys: ['value'] })
  .map(toEvent)

/** As the SDK does it. */
function encodedByRhea(event: OutgoingEvent): Buffer {
  const message = { ...AmqpAnnotatedMessage.toRheaMessage(event), body: rhea.message.data_section(event.body as never) }
  return rhea.message.encode(message as never) as unknown as Buffer
}

describe('an event encoded here', () => {
  it('has the bytes that the SDK would give it', () => {
    let encodedHere = 0
    fc.assert(
      fc.property(event, (event) => {
        const encoded = encodeEvent(event)
        if (!encoded) return
        encodedHere++
        expect(encoded.equals(encodedByRhea(event))).toBe(true)
      }),
      { numRuns: 1000 },
    )
    expect(encodedHere).toBeGreaterThan(100)
  })

  it('is of the usual shape', () => {
    expect(encodeEvent(toEvent({ key: 'k', value: 'v', headers: { a: 'b' }, timestamp: '1' }))).toBeDefined()
    expect(encodeEvent(toEvent({ value: null }))).toBeUndefined()
    expect(encodeEvent(toEvent({ value: '', headers: { a: ['b', 'c'] } }))).toBeUndefined()
    expect(encodeEvent({ body: { a: 1 }, bodyType: 'value' })).toBeUndefined()
    expect(encodeEvent({ body: Buffer.from('x'), properties: { messageId: 'm' } })).toBeUndefined()
  })
})

describe('a quickened batch', () => {
  let emulator: Emulator
  let client: EventHubProducerClient
  beforeAll(async () => {
    emulator = await startEmulator({ maxMessageSizeInBytes: 10_000 })
    client = new EventHubProducerClient(emulator.connectionString, 'hub')
  })
  afterAll(async () => {
    await client.close()
    await emulator.close()
  })
  const createBatch = () => client.createBatch({ partitionId: '0' })
  const innards = (batch: object) => batch as unknown as { _encodedMessages: Buffer[]; _generateMessage(): Buffer }

  it("takes the same events as the SDK's own, and becomes the same transfer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 40 }), async (events) => {
        const [slow, quick] = [await createBatch(), quicken(await createBatch())]
        const taken = events.map((event) => slow.tryAdd(event as never))
        expect(events.map((event) => quick.tryAdd(event))).toEqual(taken)
        expect([quick.count, quick.sizeInBytes]).toEqual([slow.count, slow.sizeInBytes])
        expect(innards(quick)._generateMessage().equals(innards(slow)._generateMessage())).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('is stored', async () => {
    const batch = quicken(await createBatch())
    for (const value of ['a', 'b', 'c']) batch.tryAdd(toEvent({ key: value, value }))
    await client.sendBatch(batch as unknown as EventDataBatch)
    expect(
      emulator.eventHubs
        .get('hub')
        ?.events()
        .map(({ body }) => String(body)),
    ).toEqual(['a', 'b', 'c'])
  })

  it('is left to an SDK that works otherwise', async () => {
    const batch = await createBatch()
    // An SDK that keeps its events elsewhere.
    Object.defineProperty(batch, '_spanContexts', { value: [{}] })
    const quick = quicken(batch)
    let slowly = 0
    const { push } = innards(batch)._encodedMessages
    innards(batch)._encodedMessages.push = function (...items) {
      slowly++
      return push.apply(this, items)
    }
    const sizes = [quick.tryAdd(toEvent({ value: 'a' })), quick.tryAdd(toEvent({ value: 'b' }))]
    expect(sizes).toEqual([true, true])
    expect([slowly, quick.count]).toEqual([2, 2])
  })
})
