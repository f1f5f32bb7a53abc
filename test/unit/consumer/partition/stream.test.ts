import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPartitionStream, type PartitionStream } from '../../../../src/consumer/partition/stream.js'
import { type Emulator, startEmulator } from '../../../../src/emulator/index.js'
import { eventually } from '../../../support/eventually.js'
import { openTransport, send, type TestTransport } from '../../eventhubs/open-transport.js'

let emulator: Emulator
let transport: TestTransport
let hubs = 0
beforeAll(async () => {
  emulator = await startEmulator()
  transport = await openTransport(emulator)
})
afterAll(async () => {
  await transport.close()
  await emulator.close()
})

const texts = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `event ${from + i}`)

/** A stream over partition 0 of an event hub of its own. */
async function open(events: number, position = 0, consumerGroup = '$Default') {
  const hub = `hub-${hubs++}`
  emulator.eventHubs.create({ name: hub, partitionCount: 1, consumerGroups: ['own'] })
  if (events > 0) await send(transport, hub, '0', ...texts(events))
  const ends: Error[] = []
  const drops: Error[] = []
  const stream = createPartitionStream(
    {
      transport,
      topic: hub,
      partition: 0,
      budget: () => 1_000_000,
      readingGroup: () => ({ consumerGroup, ...(consumerGroup === 'own' ? { ownerLevel: 0 } : {}) }),
      onEnd: (error) => ends.push(error),
      onDropped: (error) => drops.push(error),
    },
    position,
  )
  return { hub, stream, ends, drops, [Symbol.asyncDispose]: () => stream.suspend() }
}

/** Takes and advances until so many events have come; gives their sequence numbers. */
async function drain(stream: PartitionStream, count: number): Promise<number[]> {
  const numbers: number[] = []
  while (numbers.length < count) {
    const chunk = await stream.take()
    if (!chunk) break
    numbers.push(...chunk.events.map(({ sequenceNumber }) => sequenceNumber))
    stream.advance((numbers.at(-1) ?? -1) + 1)
  }
  return numbers
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

it('hands over everything from its position on, and what comes', async () => {
  await using opened = await open(10, 4)
  const { stream, hub } = opened
  expect(await drain(stream, 6)).toEqual(range(4, 10))
  expect(stream.position).toBe(10)
  await send(transport, hub, '0', ...texts(5, 10))
  expect(await drain(stream, 5)).toEqual(range(10, 15))
  expect(stream.lastEnqueued).toBe(14)
})

it('hands the same events over again until it is told to advance, then the rest of them', async () => {
  await using opened = await open(10)
  const { stream } = opened
  let chunk = await stream.take()
  while (chunk && chunk.events.length < 3) {
    stream.advance(chunk.position + chunk.events.length)
    chunk = await stream.take()
  }
  const first = chunk?.events[0]?.sequenceNumber ?? -1
  expect((await stream.take())?.events).toEqual(chunk?.events)
  stream.advance(first + 2)
  const rest = await stream.take()
  expect(rest?.events[0]?.sequenceNumber).toBe(first + 2)
  expect(rest?.position).toBe(first + 2)
  expect(rest?.first).toBe(false)
})

it('goes back, and forth', async () => {
  await using opened = await open(20)
  const { stream } = opened
  expect(await drain(stream, 20)).toEqual(range(0, 20))
  stream.advance(5)
  expect(await drain(stream, 15)).toEqual(range(5, 20))
  stream.advance(0)
  await stream.take()
  stream.advance(18)
  expect(await drain(stream, 2)).toEqual([18, 19])
})

it('ends a waiting take when interrupted, and loses nothing by it', async () => {
  await using opened = await open(0)
  const { stream, hub } = opened
  const waiting = stream.take()
  stream.interrupt()
  expect(await waiting).toBeUndefined()
  await send(transport, hub, '0', 'a')
  expect(await drain(stream, 1)).toEqual([0])
})

it('opens its link again behind what was handed over', async () => {
  await using opened = await open(5)
  const { stream, hub, ends } = opened
  expect(await drain(stream, 5)).toEqual(range(0, 5))
  await emulator.faults.detachLinks({ hub, direction: 'receive', condition: 'amqp:link:detach-forced' })
  await send(transport, hub, '0', ...texts(5, 5))
  expect(await drain(stream, 5)).toEqual(range(5, 10))
  await emulator.faults.dropConnections()
  // The connection to send over went too, which the first attempt may find out.
  await eventually(() => send(transport, hub, '0', ...texts(5, 10)))
  expect(await drain(stream, 5)).toEqual(range(10, 15))
  expect(ends.length).toBeGreaterThanOrEqual(2)
})

it('goes on though an idle link is dropped again and again: one that was accepted is progress', async () => {
  await using opened = await open(0)
  const { stream, hub, drops } = opened
  const taking = stream.take()
  for (let number = 1; number <= 6; number++) {
    await eventually(() => expect(stream.links).toBe(number))
    await emulator.faults.detachLinks({ hub, partition: 0, condition: 'amqp:link:detach-forced' })
  }
  await send(transport, hub, '0', 'a')
  expect((await taking)?.events).toHaveLength(1)
  expect(drops).toHaveLength(6)
})

it('keeps events it has when its link ends, and does not hand them over twice', async () => {
  await using opened = await open(10)
  const { stream, hub } = opened
  const held = await stream.take()
  await emulator.faults.detachLinks({ hub, direction: 'receive', condition: 'amqp:link:detach-forced' })
  expect((await stream.take())?.events).toEqual(held?.events)
  const next = (held?.events.at(-1)?.sequenceNumber ?? -1) + 1
  stream.advance(next)
  expect(await drain(stream, 10 - next)).toEqual(range(next, 10))
})

it('rejects when a link cannot be opened, and tries again with the next take', async () => {
  await using opened = await open(3)
  const { stream, hub } = opened
  const fault = emulator.faults.refuseAttach({ hub, direction: 'receive', condition: 'com.microsoft:server-busy' })
  await expect(stream.take()).rejects.toMatchObject({ type: 'REQUEST_TIMED_OUT', retriable: true })
  expect(stream.links).toBe(0)
  fault.clear()
  expect(await drain(stream, 3)).toEqual(range(0, 3))
  expect(stream.links).toBeGreaterThan(0)
})

it.each([
  ['behind the end', 100, 'OFFSET_OUT_OF_RANGE', '$Default'],
  ['of a consumer group that is missing', 0, 'GROUP_ID_NOT_FOUND', 'missing'],
])('rejects for a position %s, in Kafka’s words', async (_, position, type, consumerGroup) => {
  await using opened = await open(3, position, consumerGroup)
  await expect(opened.stream.take()).rejects.toMatchObject({ type })
})

it('rejects with FENCED_INSTANCE_ID when another reader has taken the epoch, told of at once', async () => {
  await using opened = await open(3, 0, 'own')
  const { stream, hub, ends } = opened
  await drain(stream, 3)
  const leave = emulator.faults.stealEpoch({ hub, partition: 0, group: 'own' })
  await eventually(() => expect(ends).toMatchObject([{ type: 'FENCED_INSTANCE_ID' }]))
  await expect(stream.take()).rejects.toBe(ends[0])
  await expect(stream.take()).rejects.toMatchObject({ type: 'FENCED_INSTANCE_ID' })
  leave()
  await send(transport, hub, '0', 'more')
  expect(await drain(stream, 1)).toEqual([3])
})

it('tells of a gap by the first event of a link', async () => {
  await using opened = await open(10, 2)
  const { stream, hub } = opened
  emulator.eventHubs.get(hub)?.setRetention({ count: 3 })
  const chunk = await stream.take()
  expect(chunk).toMatchObject({ position: 2, first: true })
  expect(chunk?.events[0]?.sequenceNumber).toBe(7)
})

it('gives its link up when suspended, and has it again with the next take', async () => {
  await using opened = await open(2)
  const { stream, hub } = opened
  await drain(stream, 2)
  await stream.suspend()
  await eventually(async () =>
    expect(await emulator.faults.detachLinks({ hub, direction: 'receive', condition: 'amqp:link:detach-forced' })).toBe(
      0,
    ),
  )
  await send(transport, hub, '0', 'more')
  expect(await drain(stream, 1)).toEqual([2])
})

it('asks for no more than the handler has room for', async () => {
  const hub = `hub-${hubs++}`
  emulator.eventHubs.create({ name: hub, partitionCount: 1 })
  for (let i = 0; i < 40; i++) await send(transport, hub, '0', 'x'.repeat(10_000))
  const before = emulator.stats.eventsDelivered
  const stream = createPartitionStream(
    {
      transport,
      topic: hub,
      partition: 0,
      budget: () => 100_000,
      readingGroup: () => ({ consumerGroup: '$Default' }),
      onEnd: () => {},
      onDropped: () => {},
    },
    0,
  )
  await stream.take()
  const { events = [] } = (await stream.take()) ?? {}
  expect(events.length).toBeLessThanOrEqual(10)
  expect(emulator.stats.eventsDelivered - before).toBeLessThanOrEqual(20)
  expect(await drain(stream, 40)).toEqual(range(0, 40))
  await stream.suspend()
})
