import { type EventPosition, earliestEventPosition, latestEventPosition } from '@azure/event-hubs'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.js'
import { openBench, type ReadOptions } from './sdk.js'

describe('from a position', () => {
  const from = async (
    position: (facts: { offset: string; time: Date }) => EventPosition,
    options: ReadOptions = {},
  ) => {
    await using bench = await openBench()
    for (const body of ['a', 'b', 'c', 'd']) {
      await bench.send('0', body)
      // Enqueued times are milliseconds: the next event is to have another.
      const sentAt = Date.now()
      await eventually(() => Date.now() > sentAt, { interval: 1 })
    }
    const b = bench.emulator.eventHubs.get('hub')?.partitions[0]?.events()[1]
    if (!b) throw new Error('nothing stored')
    const reading = bench.read({ from: position({ offset: b.offset, time: b.enqueuedTime }), ...options })
    await eventually(() => bench.emulator.stats.openLinks === 2 || reading.errors.length > 0)
    await bench.send('0', 'last')
    await eventually(() => reading.bodies().includes('last') || reading.errors.length > 0)
    await reading.close()
    return reading
  }

  test.each<[name: string, position: Parameters<typeof from>[0], expected: string[]]>([
    ['earliest', () => earliestEventPosition, ['a', 'b', 'c', 'd', 'last']],
    ['latest', () => latestEventPosition, ['last']],
    ['offset, exclusive', ({ offset }) => ({ offset }), ['c', 'd', 'last']],
    ['offset, inclusive', ({ offset }) => ({ offset, isInclusive: true }), ['b', 'c', 'd', 'last']],
    ['sequence number, exclusive', () => ({ sequenceNumber: 1 }), ['c', 'd', 'last']],
    ['sequence number, inclusive', () => ({ sequenceNumber: 1, isInclusive: true }), ['b', 'c', 'd', 'last']],
    ['the last sequence number', () => ({ sequenceNumber: 3 }), ['last']],
    ['enqueued time', ({ time }) => ({ enqueuedOn: time }), ['c', 'd', 'last']],
    ['enqueued time long ago', () => ({ enqueuedOn: new Date(0) }), ['a', 'b', 'c', 'd', 'last']],
  ])('%s', async (_, position, expected) => {
    const reading = await from(position)
    expect(reading.errors).toEqual([])
    expect(reading.bodies()).toEqual(expected)
  })

  test.each<[name: string, position: EventPosition, text: RegExp]>([
    ['sequence number', { sequenceNumber: 14, isInclusive: true }, /The supplied sequence number '14' is invalid/],
    ['offset', { offset: '123456789' }, /The supplied offset '123456789' is invalid\. The last offset in the system/],
  ])('a %s beyond the end is refused', async (_, position, text) => {
    const reading = await from(() => position)
    expect(reading.bodies()).toEqual([])
    expect(reading.errors[0]).toMatchObject({ code: 'ArgumentError', message: expect.stringMatching(text) })
  })
})

test('an event carries the annotations of the service', async () => {
  await using bench = await openBench()
  const before = Date.now()
  await bench.producer().sendBatch([{ body: 'a' }], { partitionKey: 'key' })
  const partition = bench.emulator.eventHubs.get('hub')?.partitions.find(({ count }) => count > 0)?.id ?? ''
  const reading = bench.read({ partition })
  const [event] = await eventually(() => reading.events.length > 0 && reading.events)
  expect(event).toMatchObject({ body: 'a', sequenceNumber: 0, offset: '0', partitionKey: 'key' })
  expect(event?.enqueuedTimeUtc.getTime()).toBeGreaterThanOrEqual(before)
  await reading.close()
})

test('the last enqueued event is told on request', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a', 'b', 'c')
  const client = bench.consumer()
  const told = await new Promise<unknown>((resolve, reject) => {
    const subscription = client.subscribe(
      '0',
      {
        processEvents: async (events, { lastEnqueuedEventProperties }) => {
          if (events.length > 0) resolve({ ...lastEnqueuedEventProperties, close: await subscription.close() })
        },
        processError: async (error) => reject(error),
      },
      { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true },
    )
  })
  expect(told).toMatchObject({
    sequenceNumber: 2,
    offset: expect.stringMatching(/^\d+$/),
    enqueuedOn: expect.any(Date),
    retrievedOn: expect.any(Date),
  })
})

test('every section of an AMQP message comes back as it went', async () => {
  await using bench = await openBench()
  const sent = {
    bodyType: 'value' as const,
    body: { nested: ['list', 1] },
    header: { priority: 3, timeToLive: 1000, firstAcquirer: true, deliveryCount: 2 },
    properties: {
      messageId: 'id',
      correlationId: 'other',
      contentType: 'application/x',
      contentEncoding: 'none',
      subject: 'subject',
      to: 'to',
      replyTo: 'reply',
      groupId: 'group',
      groupSequence: 2,
      replyToGroupId: 'reply group',
      absoluteExpiryTime: 5000,
      creationTime: 1000,
    },
    applicationProperties: { text: 'é', bytes: Buffer.from([0, 1, 255]), yes: true, number: 17 },
    messageAnnotations: { 'x-own': 'kept' },
    footer: { end: 'of message' },
  }
  await bench.producer().sendBatch([sent], { partitionId: '0' })
  const reading = bench.read()
  const [event] = await eventually(() => reading.events.length > 0 && reading.events)
  await reading.close()
  const raw = event?.getRawAmqpMessage()
  expect(raw).toMatchObject({
    bodyType: 'value',
    body: sent.body,
    header: sent.header,
    applicationProperties: sent.applicationProperties,
    footer: sent.footer,
    messageAnnotations: { 'x-own': 'kept', 'x-opt-sequence-number': 0 },
  })
  const { absoluteExpiryTime, creationTime, ...properties } = sent.properties
  expect(raw?.properties).toMatchObject(properties)
})

test.each([
  ['null', null],
  ['empty', Buffer.alloc(0)],
  ['large', Buffer.alloc(900_000, 'x')],
])('a body that is %s comes back', async (_, body) => {
  await using bench = await openBench()
  await bench.producer().sendBatch([{ body }], { partitionId: '0' })
  const reading = bench.read({ skipParsingBodyAsJson: true })
  const [event] = await eventually(() => reading.events.length > 0 && reading.events)
  await reading.close()
  expect(event?.body === null ? null : Buffer.from(event?.body as Buffer)).toEqual(body)
})

test('two groups and two readers of one group each get everything', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a', 'b')
  const readings = [bench.read(), bench.read(), bench.read({ group: 'second' })]
  for (const reading of readings) await eventually(() => reading.events.length === 2)
  await bench.send('0', 'c')
  for (const reading of readings) await eventually(() => reading.events.length === 3)
  await Promise.all(readings.map((reading) => reading.close()))
})

test('the name of a group has no case; an unknown one is refused', async () => {
  await using bench = await openBench()
  await bench.send('0', 'a')
  const known = bench.read({ group: '$DEFAULT' })
  await eventually(() => known.events.length === 1)
  await known.close()
  const unknown = bench.read({ group: 'none' })
  await eventually(() => unknown.errors.length > 0)
  expect(unknown.errors[0]).toMatchObject({ code: 'MessagingEntityNotFoundError' })
  await unknown.close()
})

test('an unknown group springs into being where that is allowed', async () => {
  await using bench = await openBench({ autoCreateConsumerGroups: true })
  await bench.send('0', 'a')
  const reading = bench.read({ group: 'fresh' })
  await eventually(() => reading.events.length === 1)
  await reading.close()
  expect(bench.emulator.eventHubs.get('hub')?.consumerGroups).toContain('fresh')
})

test('many events arrive in order, each once', async () => {
  await using bench = await openBench({ partitions: 1 })
  const reading = bench.read({ maxBatchSize: 500 })
  const client = bench.producer()
  for (let b = 0; b < 20; b++) {
    await client.sendBatch(
      Array.from({ length: 500 }, (_, i) => ({ body: b * 500 + i })),
      { partitionId: '0' },
    )
  }
  await eventually(() => reading.events.length === 10_000)
  await reading.close()
  expect(reading.bodies()).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
})

test('a reader that is behind retention goes on with the oldest event kept', async () => {
  await using bench = await openBench({
    eventHubs: [{ name: 'hub', partitionCount: 1, retention: { count: 3 } }],
  })
  await bench.send('0', ...Array.from({ length: 10 }, (_, i) => i))
  const reading = bench.read({ from: { sequenceNumber: 2 } })
  await eventually(() => reading.events.length === 3)
  await reading.close()
  expect(reading.events.map((event) => event.sequenceNumber)).toEqual([7, 8, 9])
  expect(await bench.producer().getPartitionProperties('0')).toMatchObject({
    beginningSequenceNumber: 7,
    lastEnqueuedSequenceNumber: 9,
  })
})
