import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { type EmulatorOptions, startEmulator } from '../../../src/emulator/index.js'
import { eventually } from '../../support/eventually.js'
import { RawClient } from './raw-client.js'

const TOPIC = 'orders'
const message = { value: 'v', partition: 0 }

async function start(options: EmulatorOptions = {}) {
  const emulator = await startEmulator({ eventHubs: [{ name: TOPIC, partitionCount: 1 }], ...options })
  const kafka = new Kafka({
    ...emulator.kafkaEndpointConfig({ clientId: 'test' }),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 10, maxRetryTime: 50 },
  })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: TOPIC, messages: [message] })
  const send = () => producer.send({ topic: TOPIC, messages: [message] })
  const stored = () => emulator.eventHubs.get(TOPIC)?.events().length
  const close = async () => {
    emulator.faults.clear()
    await producer.disconnect()
    await emulator.close()
  }
  return { emulator, kafka, send, stored, [Symbol.asyncDispose]: close }
}

/** A member that joins fast. Resolves with what it reads, as it grows. */
async function read(kafka: Kafka) {
  const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 100, heartbeatInterval: 50, sessionTimeout: 6000 })
  const offsets: string[] = []
  let joins = 0
  consumer.on(consumer.events.GROUP_JOIN, () => void joins++)
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message: { offset } }) => void offsets.push(offset) })
  await eventually(() => offsets.length > 0)
  return { offsets, joins: () => joins, [Symbol.asyncDispose]: () => consumer.disconnect() }
}

describe('faults on the Kafka endpoint', () => {
  it('break connections: clients come again', async () => {
    await using test = await start()
    await using member = await read(test.kafka)
    expect(await test.emulator.faults.dropConnections()).toBeGreaterThan(1)
    await test.send()
    await eventually(() => member.offsets.includes('1'))
  })

  it('lose acknowledgements: what was stored is stored again', async () => {
    await using test = await start()
    const loss = test.emulator.faults.loseDispositions({ hub: TOPIC, times: 1 })
    await test.send()
    expect(loss.hits).toBe(1)
    expect(test.stored()).toBe(3)
  })

  it('delay acknowledgements, not what is stored', async () => {
    await using test = await start()
    test.emulator.faults.delayDispositions({ hub: TOPIC, ms: 300, times: 1 })
    const begun = performance.now()
    const sending = test.send()
    await eventually(() => test.stored() === 2)
    await sending
    expect(performance.now() - begun).toBeGreaterThan(290)
  })

  it('freeze a partition: nothing comes in or out until it thaws', async () => {
    await using test = await start()
    await using member = await read(test.kafka)
    const thaw = test.emulator.faults.freeze({ hub: TOPIC, partition: 0 })
    const sending = test.send()
    using client = new RawClient(test.emulator.port)
    await client.login(test.emulator.connectionString)
    const fetched = await client.ask('Fetch', 12, fetchRequest(50))
    expect(recordsOf(fetched)).toHaveLength(0)
    expect(member.offsets).toEqual(['0'])
    thaw()
    await sending
    await eventually(() => member.offsets.includes('1'))
  })

  it('throttle: answers wait and say so; longer than the client waits, the service refuses', async () => {
    await using test = await start()
    test.emulator.faults.throttle({ hub: TOPIC, forMs: 200 })
    const begun = performance.now()
    await test.send()
    expect(performance.now() - begun).toBeGreaterThan(150)
    const fault = test.emulator.faults.throttle({ hub: TOPIC })
    await expect(test.send()).rejects.toMatchObject({ type: 'POLICY_VIOLATION', code: 44 })
    using client = new RawClient(test.emulator.port)
    await client.login(test.emulator.connectionString)
    expect(recordsOf(await client.ask('Fetch', 12, fetchRequest(50)))).toHaveLength(0)
    fault.clear()
    expect(recordsOf(await client.ask('Fetch', 12, fetchRequest(50))).length).toBeGreaterThan(0)
  })

  it('answer with an error of choice, without doing what was asked', async () => {
    await using test = await start()
    const fault = test.emulator.faults.kafkaError({ api: 'Produce', hub: 'ORDERS', partition: 0, code: 6, times: 2 })
    await test.send()
    expect(fault.hits).toBe(2)
    expect(test.stored()).toBe(2)
    const moved = test.emulator.faults.kafkaError({ api: 'JoinGroup', group: 'g', code: 16, times: 1 })
    await using member = await read(test.kafka)
    expect(moved.hits).toBe(1)
    expect(member.offsets).toEqual(['0', '1'])
  })

  it('make a group rebalance, and end sessions', async () => {
    await using test = await start()
    expect(() => test.emulator.faults.rebalance('g')).toThrow(RangeError)
    await using member = await read(test.kafka)
    test.emulator.faults.rebalance('g')
    await eventually(() => member.joins() === 2)
    await eventually(() => test.emulator.kafkaGroups.get('g')?.state === 'Stable')
    expect(() => test.emulator.faults.expireMember('g', 'nobody')).toThrow(RangeError)
    expect(test.emulator.faults.expireMember('g')).toBe(1)
    await eventually(() => member.joins() === 3)
    await test.send()
    await eventually(() => member.offsets.includes('1'))
  })

  it('can be looked at: groups, members, offsets and lag', async () => {
    await using test = await start()
    expect(test.emulator.kafkaGroups.get('g')).toBeUndefined()
    {
      await using member = await read(test.kafka)
      await eventually(() => test.emulator.kafkaGroups.get('g')?.offsets[0]?.offset === 1)
      expect(member.offsets).toEqual(['0'])
      expect(test.emulator.kafkaGroups.list()).toMatchObject([
        {
          groupId: 'g',
          state: 'Stable',
          generationId: 1,
          protocol: 'RoundRobinAssigner',
          members: [{ clientId: 'test', clientHost: '/127.0.0.1' }],
          offsets: [{ topic: TOPIC, partition: 0, offset: 1, lag: 0 }],
        },
      ])
    }
    await test.send()
    expect(test.emulator.kafkaGroups.get('g')).toMatchObject({ state: 'Dead', members: [], offsets: [{ lag: 1 }] })
  })
})

function fetchRequest(maxWaitMs: number): object {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 10_000 }]
  return { maxWaitMs, minBytes: 1, maxBytes: 10_000, isolationLevel: 0, topics: [{ topic: TOPIC, partitions }] }
}

function recordsOf(response: Record<string, unknown>): Buffer {
  const [topic] = response['topics'] as { partitions: { records: Buffer }[] }[]
  return topic?.partitions[0]?.records ?? Buffer.alloc(0)
}
