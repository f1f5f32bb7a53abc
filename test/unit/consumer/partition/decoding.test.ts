import { expect, it } from 'vitest'
import { createOnUndecodable, decodeEvents, type OnUndecodable } from '../../../../src/consumer/partition/decoding.js'
import { parseEvent } from '../../../../src/eventhubs/reading/received-event.js'
import { CompressionCodecs } from '../../../../src/translate/codecs.js'
import { compressEvent } from '../../../../src/translate/compression.js'
import type { OutgoingEvent, ReceivedEvent } from '../../../../src/translate/event.js'
import { CompressionTypes } from '../../../../src/types/enums.js'
import { encode, overTheWire, receive } from '../../translate/wire.js'

const of = { topic: 'orders', partition: 3 }
const fails = createOnUndecodable('deliver', () => expect.fail())
const withOptions = (onUndecodable: OnUndecodable, maxBytes = 1_000_000) => ({ of, onUndecodable, maxBytes })

/** Application properties that claim 99 values and have none. */
const poison = (sequenceNumber: number) => {
  const good = encode({ body: 'x' }, { sequenceNumber, enqueuedTime: 77 })
  return parseEvent(Buffer.concat([good, Buffer.from('005374d10000000400000063', 'hex')]))
}
/** Not even sections. */
const garbage = () => parseEvent(Buffer.from('no AMQP at all'))

it('hands over the bytes of an event that makes no sense, with the reason, and its neighbours as they are', async () => {
  const events = [
    receive({ body: 'before' }, { sequenceNumber: 4 }),
    poison(5),
    receive({ body: 'behind' }, { sequenceNumber: 6 }),
  ]
  const messages = await decodeEvents(events, withOptions(createOnUndecodable('deliver', () => expect.fail())))
  expect(messages.map((message) => message?.offset)).toEqual(['4', '5', '6'])
  expect(String(messages[0]?.value)).toBe('"before"')
  expect(messages[1]).toMatchObject({ key: null, value: events[1]?.raw, timestamp: '77' })
  expect(String(messages[1]?.headers['kafkajs-eventhubs-undecodable'])).toContain('claims 99 values')
  expect(String(messages[2]?.value)).toBe('"behind"')
})

it('hands over what has no number at all', async () => {
  const event = garbage()
  event.sequenceNumber = 8
  const [message] = await decodeEvents([event], withOptions(createOnUndecodable('deliver', () => expect.fail())))
  expect(message).toMatchObject({ offset: '8', value: event.raw })
})

it('leaves such events out where they are to be skipped, and tells of each once', async () => {
  const told: unknown[] = []
  const onUndecodable = createOnUndecodable('skip', ({ sequenceNumber }: ReceivedEvent, reason, where) =>
    told.push({ sequenceNumber, reason, where }),
  )
  const events = [poison(5), receive({ body: 'x' }, { sequenceNumber: 6 })]
  for (let i = 0; i < 2; i++) {
    const [first, second] = await decodeEvents(events, withOptions(onUndecodable))
    expect(first).toBeUndefined()
    expect(second?.offset).toBe('6')
  }
  expect(told).toEqual([{ sequenceNumber: 5, reason: expect.stringContaining('99 values'), where: of }])
})

const size = 1_000_000

/** Events whose bodies are a thousand times as large as they look. */
const inflatable = (count: number) =>
  Promise.all(
    Array.from({ length: count }, async (_, sequenceNumber) => {
      const event: OutgoingEvent = { body: Buffer.alloc(size), bodyType: 'data' }
      await compressEvent(event, CompressionTypes.GZIP)
      return overTheWire(event, { sequenceNumber })
    }),
  )

it('hands over as many decompressed messages as may be held, and the rest when it is asked again', async () => {
  const events = await inflatable(10)
  const numbers: (string | undefined)[][] = []
  for (let done = 0; done < events.length; ) {
    const messages = await decodeEvents(events.slice(done), withOptions(fails, 3 * size))
    expect(messages.every((message) => message?.value?.length === size)).toBe(true)
    numbers.push(messages.map((message) => message?.offset))
    done += messages.length
  }
  expect(numbers).toEqual([['0', '1', '2'], ['3', '4', '5'], ['6', '7', '8'], ['9']])
})

it('hands over one that is larger by itself, and what does not have to be decompressed before it', async () => {
  const events = [receive({ body: 'x' }, { sequenceNumber: 7 }), ...(await inflatable(2))]
  expect(await decodeEvents(events, withOptions(fails, 1))).toHaveLength(2)
})

it.each([
  ['one at a time where two could be too much', 1, 1],
  ['several at a time where they can not', 200 * size, 8],
])('decompresses %s', async (_, maxBytes, expected) => {
  const events = await inflatable(8)
  const gzip = CompressionCodecs[CompressionTypes.GZIP]
  const running = { now: 0, most: 0 }
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    async decompress(body: Buffer) {
      running.now++
      running.most = Math.max(running.most, running.now)
      const inflated = await gzip().decompress(body)
      running.now--
      return inflated
    },
  })
  try {
    await decodeEvents(events, withOptions(fails, maxBytes))
    expect(running.most).toBe(expected)
  } finally {
    CompressionCodecs[CompressionTypes.GZIP] = gzip
  }
})
