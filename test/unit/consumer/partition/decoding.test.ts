import { expect, it } from 'vitest'
import { createOnUndecodable, decodeEvents } from '../../../../src/consumer/partition/decoding.js'
import { parseEvent } from '../../../../src/eventhubs/reading/received-event.js'
import type { ReceivedEvent } from '../../../../src/translate/event.js'
import { encode, receive } from '../../translate/wire.js'

const of = { topic: 'orders', partition: 3 }

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
  const messages = await decodeEvents(
    events,
    of,
    createOnUndecodable('deliver', () => expect.fail()),
  )
  expect(messages.map((message) => message?.offset)).toEqual(['4', '5', '6'])
  expect(String(messages[0]?.value)).toBe('"before"')
  expect(messages[1]).toMatchObject({ key: null, value: events[1]?.raw, timestamp: '77' })
  expect(String(messages[1]?.headers['kafkajs-eventhubs-undecodable'])).toContain('claims 99 values')
  expect(String(messages[2]?.value)).toBe('"behind"')
})

it('hands over what has no number at all', async () => {
  const event = garbage()
  event.sequenceNumber = 8
  const [message] = await decodeEvents(
    [event],
    of,
    createOnUndecodable('deliver', () => expect.fail()),
  )
  expect(message).toMatchObject({ offset: '8', value: event.raw })
})

it('leaves such events out where they are to be skipped, and tells of each once', async () => {
  const told: unknown[] = []
  const onUndecodable = createOnUndecodable('skip', ({ sequenceNumber }: ReceivedEvent, reason, where) =>
    told.push({ sequenceNumber, reason, where }),
  )
  const events = [poison(5), receive({ body: 'x' }, { sequenceNumber: 6 })]
  for (let i = 0; i < 2; i++) {
    const [first, second] = await decodeEvents(events, of, onUndecodable)
    expect(first).toBeUndefined()
    expect(second?.offset).toBe('6')
  }
  expect(told).toEqual([{ sequenceNumber: 5, reason: expect.stringContaining('99 values'), where: of }])
})
