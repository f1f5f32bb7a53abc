import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import { mostOpenConnections } from '../../../src/eventhubs/azure-transport.js'
import { encodedSize } from '../../../src/eventhubs/sending/encoding.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { collect, contents, eventOf, openTransport, send, transferOf } from './open-transport.js'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ autoCreateEventHubs: { partitionCount: 2 } })
})
afterAll(() => emulator.close())

let hubs = 0
const newHub = () => `hub-${++hubs}`

describe('sending', () => {
  it('stores batches in order', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    for (let index = 0; index < 20; index++) await send(transport, hub, '0', `a${index}`, `b${index}`)
    const expected = Array.from({ length: 20 }, (_, index) => [`a${index}`, `b${index}`]).flat()
    expect(await contents(transport, hub, '0')).toEqual(expected)
  })

  it('sends over new links without the second that the SDK waits for their credit', async () => {
    await using transport = await openTransport(emulator)
    const begun = Date.now()
    for (let index = 0; index < 10; index++) await send(transport, newHub(), '0', 'x')
    expect(Date.now() - begun).toBeLessThan(scaled(5000))
  })

  it('gives batches the size limit of the link', async () => {
    await using transport = await openTransport(emulator)
    const sender = transport.openSender(newHub(), '0', { idempotent: false })
    const transfer = await sender.newTransfer()
    expect(transfer.maxSizeInBytes).toBe(1_048_576)
    const add = (text: string) => transfer.tryAdd(eventOf(text), encodedSize(eventOf(text)))
    expect(add('x'.repeat(1_048_576))).toBe(false)
    expect(add('x')).toBe(true)
    expect(transfer.count).toBe(1)
  })

  it('fails at once when the connection goes, and goes on over another', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    await send(transport, hub, '0', 'first')
    const thaw = emulator.faults.freeze({ hub, partition: '0' })
    const begun = Date.now()
    const sending = send(transport, hub, '0', 'second')
    sending.catch(() => {})
    await eventually(() => emulator.faults.dropConnections().then((count) => count > 0))
    await expect(sending).rejects.toMatchObject({ retriable: true })
    expect(Date.now() - begun).toBeLessThan(scaled(5000))
    thaw()
    await send(transport, hub, '0', 'third')
    expect((await contents(transport, hub, '0')).at(-1)).toBe('third')
  })

  it('fails at once when the service detaches the link', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    await send(transport, hub, '0', 'first')
    emulator.faults.loseDispositions({ hub, times: 1, effect: 'link' })
    const begun = Date.now()
    await expect(send(transport, hub, '0', 'second')).rejects.toMatchObject({ retriable: true })
    expect(Date.now() - begun).toBeLessThan(scaled(5000))
    await send(transport, hub, '0', 'third')
    expect(await contents(transport, hub, '0')).toEqual(['first', 'second', 'third'])
  })

  it('rejects for a partition that does not exist, and keeps its connection', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    await send(transport, hub, '0', 'first')
    const sender = transport.openSender(hub, '99', { idempotent: false })
    await expect(sender.newTransfer()).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
    await send(transport, hub, '0', 'second')
  })

  it('ends with the signal of its caller', async () => {
    await using transport = await openTransport(emulator)
    const hub = newHub()
    const sender = transport.openSender(hub, '0', { idempotent: false })
    const transfer = await transferOf(sender, 'x')
    const thaw = emulator.faults.freeze({ hub, partition: '0' })
    const controller = new AbortController()
    const sending = sender.send(transfer, { abortSignal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(sending).rejects.toThrow()
    thaw()
    await sender.send(await transferOf(sender, 'y'))
    expect((await contents(transport, hub, '0')).at(-1)).toBe('y')
  })

  it('keeps to one connection, over many event hubs', async () => {
    await using emulator = await startEmulator({ autoCreateEventHubs: { partitionCount: 1 } })
    await using transport = await openTransport(emulator)
    const hubs = Array.from({ length: 120 }, (_, index) => `many-${index}`)
    const senders = hubs.map((hub, index) => transport.openSender(hub, '0', { idempotent: index % 2 === 1 }))
    await Promise.all(senders.map(async (sender) => sender.send(await transferOf(sender, 'x'))))
    expect(emulator.stats.openConnections).toBe(1)
    for (const hub of hubs) expect(emulator.eventHubs.get(hub)?.events()).toHaveLength(1)
  })

  it('keeps within that limit too when all is asked at once', async () => {
    const names = Array.from({ length: 2 * mostOpenConnections + 10 }, (_, index) => `at-once-${index}`)
    await using emulator = await startEmulator({ eventHubs: names.map((name) => ({ name, partitionCount: 1 })) })
    await using transport = await openTransport(emulator)
    let most = 0
    const asked = names.map(async (name) => {
      const { partitionIds } = await transport.getEventHubProperties(name)
      most = Math.max(most, emulator.stats.openConnections)
      return partitionIds
    })
    for (const partitionIds of await Promise.all(asked)) expect(partitionIds).toEqual(['0'])
    expect(most).toBeLessThanOrEqual(mostOpenConnections + 1)
  })

  it('keeps the number of connections to ask over within its limit', async () => {
    await using emulator = await startEmulator({ autoCreateEventHubs: { partitionCount: 1 } })
    await using transport = await openTransport(emulator)
    let most = 0
    for (let index = 0; index < mostOpenConnections + 10; index++) {
      emulator.eventHubs.create({ name: `many-${index}` })
      await transport.getEventHubProperties(`many-${index}`)
      most = Math.max(most, emulator.stats.openConnections)
    }
    expect(most).toBeLessThanOrEqual(mostOpenConnections + 1)
    expect(most).toBeGreaterThan(mostOpenConnections - 5)
  })

  it.each([
    [
      'a link that is refused',
      (hub: string) => emulator.faults.refuseAttach({ hub, condition: 'amqp:internal-error' }),
    ],
    ['a link that is detached', (hub: string) => emulator.faults.loseDispositions({ hub, effect: 'link' })],
    ['a partition that is busy', (hub: string) => emulator.faults.throttle({ hub })],
  ])('lets %s harm no other', async (_what, strike) => {
    await using transport = await openTransport(emulator)
    const healthy = transport.openSender(newHub(), '0', { idempotent: false })
    const hub = newHub()
    const fault = strike(hub)
    const sick = transport.openSender(hub, '0', { idempotent: false })
    const before = emulator.stats.openConnections
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.allSettled(
        [sick, healthy].map(async (sender) => sender.send(await transferOf(sender, 'x'))),
      )
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    }
    expect(emulator.stats.openConnections - before).toBeLessThanOrEqual(1)
    fault.clear()
    await sick.send(await transferOf(sick, 'y'))
  })

  it('closes connections that are idle, keeps those in use, and opens them again on use', async () => {
    const eventHubs = ['idle', 'busy'].map((name) => ({ name, partitionCount: 1 }))
    await using emulator = await startEmulator({ eventHubs })
    await using transport = await openTransport(emulator, {}, { idleConnectionTime: 300 })
    const idle = transport.openSender('idle', '0', { idempotent: false })
    await idle.send(await transferOf(idle, 'x'))
    await transport.getEventHubProperties('idle')
    const thaw = emulator.faults.freeze({ hub: 'busy', partition: '0' })
    const sending = send(transport, 'busy', '0', 'slow')
    await eventually(() => emulator.stats.openConnections === 2)
    await eventually(() => emulator.stats.openConnections === 1)
    // The busy one outlives another whole time of idleness.
    await transport.getEventHubProperties('idle')
    await eventually(() => emulator.stats.openConnections === 1)
    thaw()
    await sending
    await eventually(() => emulator.stats.openConnections === 0)
    await idle.send(await transferOf(idle, 'y'))
    expect(await contents(transport, 'idle', '0')).toEqual(['x', 'y'])
  })
})

describe('the whole', () => {
  it('verifies without an event hub', async () => {
    await using emulator = await startEmulator({ autoCreateEventHubs: false })
    await using transport = await openTransport(emulator)
    await transport.verify()
    await eventually(() => emulator.stats.openConnections === 0)
  })

  it('leaves no connection behind', async () => {
    await using emulator = await startEmulator({})
    const transport = await openTransport(emulator)
    await send(transport, 'left', '0', 'x')
    const reader = collect(transport, { eventHubName: 'left', partitionId: '0' })
    await eventually(() => reader.sequenceNumbers.length === 1)
    const sender = transport.openSender('left', '1', { idempotent: true })
    await sender.send(await transferOf(sender, 'y'))
    expect(emulator.stats.openConnections).toBe(2)
    await transport.close()
    await eventually(() => emulator.stats.openConnections === 0)
    await transport.close()
    await expect(transport.getEventHubProperties('left')).rejects.toMatchObject({
      name: expect.stringMatching(/^KafkaJS/),
    })
  })
})
