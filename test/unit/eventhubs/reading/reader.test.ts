import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../../src/emulator/index.js'
import { Reader } from '../../../../src/eventhubs/reading/reader.js'
import { ReadingConnection } from '../../../../src/eventhubs/reading/reading-connection.js'
import { ReadingConnections } from '../../../../src/eventhubs/reading/reading-connections.js'
import { createLogger } from '../../../../src/instrumentation/logger.js'
import { AmqpPeer } from '../../../support/amqp-peer.js'
import { eventually } from '../../../support/eventually.js'
import { collect, openReader, openTransport, send, type TestTransport } from '../open-transport.js'

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

const newHub = () => {
  const name = `hub-${hubs++}`
  emulator.eventHubs.create({ name, partitionCount: 2 })
  return name
}

it('gives every event after a position, and the newest number', async () => {
  const hub = newHub()
  await send(transport, hub, '0', ...'abcdef')
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0', afterSequenceNumber: 2 })
  const numbers: number[] = []
  while (numbers.length < 3) {
    const chunk = await reader.next()
    expect(chunk?.lastEnqueued).toBe(5)
    numbers.push(...(chunk?.events ?? []).map(({ sequenceNumber }) => sequenceNumber))
  }
  expect(numbers).toEqual([3, 4, 5])
  await reader.close()
  expect(await reader.next()).toBeUndefined()
})

it('gives an event as soon as it has come, and what has come meanwhile at once', async () => {
  const hub = newHub()
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0' })
  const first = reader.next()
  await send(transport, hub, '0', 'first')
  expect((await first)?.events).toHaveLength(1)
  const second = reader.next()
  await send(transport, hub, '0', ...'abc')
  await second
  await send(transport, hub, '0', ...'defghijklm')
  await eventually(() => emulator.stats.eventsDelivered >= 14)
  const rest: string[] = []
  while (rest.length + ((await second)?.events.length ?? 0) < 13) {
    rest.push(...((await reader.next())?.events ?? []).map(({ data }) => String(data)))
  }
  expect(rest.join('').endsWith('defghijklm')).toBe(true)
  await reader.close()
})

it('gives what the sockets have at once, however many pieces it came in', async () => {
  const hub = newHub()
  // Several times what is read from a socket in one go.
  await send(transport, hub, '0', ...Array.from({ length: 257 }, () => 'x'.repeat(1500)))
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0' })
  const sizes: number[] = []
  while (sizes.reduce((sum, size) => sum + size, 0) < 257) sizes.push((await reader.next())?.events.length ?? 0)
  // Each piece by itself would make ten.
  expect(sizes.length).toBeLessThanOrEqual(6)
  await reader.close()
})

it('gives no more at a time than it is asked for, and asks for no more than it may hold', async () => {
  const hub = newHub()
  for (let i = 0; i < 30; i++) await send(transport, hub, '0', 'x'.repeat(5000))
  const before = emulator.stats.eventsDelivered
  const reader = openReader(transport, {
    eventHubName: hub,
    partitionId: '0',
    maxBatchSize: 4,
    budget: () => 60_000,
  })
  let count = 0
  while (count < 30) {
    const { events } = (await reader.next()) ?? { events: [] }
    expect(events.length).toBeLessThanOrEqual(4)
    count += events.length
    expect(emulator.stats.eventsDelivered - before).toBeLessThanOrEqual(count + 11)
  }
  await reader.close()
})

it('gives a thousand events at a time, and asks for two thousand at most, unless it is told otherwise', async () => {
  const hub = newHub()
  for (let i = 0; i < 5; i++) await send(transport, hub, '0', ...Array.from({ length: 1000 }, () => 'x'))
  const before = emulator.stats.eventsDelivered
  const delivered = () => emulator.stats.eventsDelivered - before
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0', budget: () => 1_000_000_000 })
  const sizes: number[] = []
  for (let count = 0; count < 5000; ) {
    const { events } = (await reader.next()) ?? { events: [] }
    sizes.push(events.length)
    // Those that were handed over last are among the two thousand, which it asks for a quarter at a time.
    await eventually(() => delivered() > Math.min(4999, count + 1500))
    expect(delivered()).toBeLessThanOrEqual(count + 2000)
    count += events.length
  }
  expect(Math.max(...sizes)).toBe(1000)
  await reader.close()
})

it('is given up when the service has not answered within connectionTimeout', async () => {
  await using peer = await AmqpPeer.start({ ignoresReaders: true })
  const logger = createLogger({ level: 0 })
  const connections = new ReadingConnections(
    () =>
      new ReadingConnection({
        fullyQualifiedNamespace: 'localhost',
        openStream: peer.openStream,
        connectTimeout: 60_000,
        requestTimeout: 60_000,
        identifier: 'test',
        logger,
        withCredential: (_, put) => put({ name: 'name', key: 'key' }),
      }),
  )
  const ends: Error[] = []
  const options = { eventHubName: 'hub', partitionId: '0', consumerGroup: '$Default', afterSequenceNumber: -1 }
  const begun = performance.now()
  const reader = new Reader(
    { ...options, budget: () => 1000, onEnd: (error) => ends.push(error) },
    { connections, timeout: 300, logger, toError: (error) => error as Error, onClosed: () => undefined },
  )
  await expect(reader.next()).rejects.toThrow('The link has not been open within 300 ms')
  expect(performance.now() - begun).toBeGreaterThanOrEqual(299)
  expect(ends).toHaveLength(1)
  await connections.close()
})

it('asks for one event at a time where not even one fits, and never for another before', async () => {
  const hub = newHub()
  await send(transport, hub, '0', ...'abcde')
  const before = emulator.stats.eventsDelivered
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0', budget: () => 0 })
  for (let i = 0; i < 5; i++) {
    expect((await reader.next())?.events).toHaveLength(1)
    expect(emulator.stats.eventsDelivered - before).toBe(i + 1)
  }
  await reader.close()
})

it('counts an event of several frames as asked for until all of it has come', async () => {
  const hub = newHub()
  const value = 'x'.repeat(300_000)
  for (let i = 0; i < 3; i++) await send(transport, hub, '0', value)
  await send(transport, hub, '1', 'y')
  const before = emulator.stats.eventsDelivered
  const reader = openReader(transport, { eventHubName: hub, partitionId: '0', budget: () => 0 })
  expect((await reader.next())?.events).toHaveLength(1)
  // On the same connection: what was asked for before has been read when this is answered.
  const other = openReader(transport, { eventHubName: hub, partitionId: '1', budget: () => 0 })
  expect((await other.next())?.events).toHaveLength(1)
  expect(emulator.stats.eventsDelivered - before).toBe(2)
  await Promise.all([reader.close(), other.close()])
})

it('ends once when the connection goes, gives what came before, and then the reason', async () => {
  await using own = await openTransport(emulator)
  const hub = newHub()
  await send(transport, hub, '0', 'a')
  const ends: Error[] = []
  const reader = openReader(own, { eventHubName: hub, partitionId: '0', onEnd: (error) => ends.push(error) })
  expect((await reader.next())?.events).toHaveLength(1)
  const before = emulator.stats.eventsDelivered
  const rest = reader.next()
  await send(transport, hub, '0', ...'bc')
  await eventually(() => emulator.stats.eventsDelivered === before + 2)
  await rest
  await emulator.faults.dropConnections()
  await eventually(() => ends.length === 1)
  let last: unknown
  for (let i = 0; i < 3 && !last; i++) await reader.next().catch((error: unknown) => (last = error))
  expect(last).toBe(ends[0])
  expect(last).toMatchObject({ retriable: true })
  await reader.close()
  expect(ends).toHaveLength(1)
})

it('ends with the reason while nobody waits, when another takes the partition', async () => {
  const hub = newHub()
  await send(transport, hub, '0', 'x')
  const reader = collect(transport, { eventHubName: hub, partitionId: '0', ownerLevel: 5 })
  await eventually(() => reader.sequenceNumbers.length === 1)
  const leave = emulator.faults.stealEpoch({ hub, partition: '0' })
  expect(await reader.ended).toMatchObject({ type: 'FENCED_INSTANCE_ID', message: expect.stringMatching(/epoch/i) })
  await reader.close()
  leave()
})

it('with owner level 0 keeps out readers without one, and gives way to a higher one', async () => {
  const hub = newHub()
  let isOpen = false
  const onOpen = () => {
    isOpen = true
  }
  const first = collect(transport, { eventHubName: hub, partitionId: '0', ownerLevel: 0, onOpen })
  await eventually(() => isOpen)
  const plain = collect(transport, { eventHubName: hub, partitionId: '0' })
  expect((await plain.ended).message).toMatch(/epoch/i)
  const second = collect(transport, { eventHubName: hub, partitionId: '0', ownerLevel: 1 })
  expect((await first.ended).message).toMatch(/epoch/i)
  await Promise.all([first, plain, second].map((reader) => reader.close()))
})

it('is not opened where the service refuses it, with the reason', async () => {
  const onOpen = () => {
    throw new Error('was opened')
  }
  const reader = collect(transport, { eventHubName: newHub(), partitionId: '0', consumerGroup: 'nobody', onOpen })
  expect(await reader.ended).toMatchObject({ type: 'GROUP_ID_NOT_FOUND' })
  await reader.close()
})

it('opens again on the same partition right after it was closed', async () => {
  const hub = newHub()
  await send(transport, hub, '0', 'x')
  for (let round = 0; round < 5; round++) {
    const reader = collect(transport, { eventHubName: hub, partitionId: '0', ownerLevel: 0 })
    await eventually(() => reader.sequenceNumbers.length === 1)
    await reader.close()
  }
})

it('closes before it is open', async () => {
  const hub = newHub()
  const before = emulator.stats.openConnections
  await using own = await openTransport(emulator)
  const reader = openReader(own, { eventHubName: hub, partitionId: '0' })
  const next = reader.next()
  await reader.close()
  expect(await next).toBeUndefined()
  await eventually(() => emulator.stats.openConnections <= before)
})

it('reads any number of event hubs over one connection, closed with the last of them', async () => {
  await using own = await openTransport(emulator)
  const names = Array.from({ length: 30 }, newHub)
  for (const hub of names) await send(transport, hub, '0', hub)
  const before = emulator.stats.connectionsAccepted
  const readers = names.map((hub) => collect(own, { eventHubName: hub, partitionId: '0' }))
  await eventually(() => readers.every(({ sequenceNumbers }) => sequenceNumbers.length === 1))
  expect(emulator.stats.connectionsAccepted).toBe(before + 1)
  const open = emulator.stats.openConnections
  for (const reader of readers) await reader.close()
  await eventually(() => emulator.stats.openConnections === open - 1)
})
