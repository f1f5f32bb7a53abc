import { expect, it } from 'vitest'
import { Kafka } from '../../../src/index.js'
import { openBench } from '../../support/consuming.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator, openTarget } from '../../support/harness.js'

// Event Hubs compares the names of event hubs without case.

it('members that spell a topic differently share its partitions, and each sees its own spelling', async () => {
  await using target = await openTarget()
  await using bench = await openBench(target, { partitions: 4 })
  const capitals = bench.topic.toUpperCase()
  const shares: Record<string, Record<string, number[]>> = {}
  const read = (topic: string) => {
    const consumer = bench.consumer()
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      shares[topic] = payload.memberAssignment
    })
    return bench.read(consumer, { topics: [topic], fromBeginning: true })
  }
  const readings = [await read(bench.topic), await read(capitals)] as const
  await eventually(() => {
    expect(shares[bench.topic]?.[bench.topic]).toHaveLength(2)
    expect(shares[capitals]?.[capitals]).toHaveLength(2)
  })
  for (const partition of [0, 1, 2, 3]) await bench.send([`in ${partition}`], partition)
  await eventually(() => readings[0].received.length + readings[1].received.length >= 4)
  expect(readings.flatMap((reading) => reading.values()).sort()).toEqual(['in 0', 'in 1', 'in 2', 'in 3'])
  expect(new Set(readings[1].received.map(({ topic }) => topic))).toEqual(new Set([capitals]))
  const { groups } = await bench.admin.describeGroups([bench.groupId])
  expect(groups[0]?.members).toHaveLength(2)
})

it('a member subscribed to two spellings reads each message once, and is called by either', async () => {
  await using target = await openTarget()
  await using bench = await openBench(target)
  const capitals = bench.topic.toUpperCase()
  const consumer = bench.consumer()
  const reading = await bench.read(consumer, { topics: [bench.topic, capitals], fromBeginning: true })
  await bench.send(['first', 'second'])
  await reading.count(2)
  consumer.seek({ topic: capitals, partition: 0, offset: '1' })
  await reading.count(3)
  expect(reading.received.map(({ topic, value }) => `${topic} ${value}`)).toEqual(
    ['first', 'second', 'second'].map((value) => `${bench.topic} ${value}`),
  )
  consumer.pause([{ topic: capitals }])
  expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0] }])
})

it('the connection string of one event hub serves that event hub, however it is spelled', async () => {
  await using target = await openEmulator()
  await target.createTopic({ name: 'orders', partitions: 1 })
  const connectionString = `${target.emulator.connectionString};EntityPath=Orders`
  const kafka = new Kafka(target.config({ eventHubs: { ...target.config().eventHubs, connectionString }, logLevel: 0 }))
  await using producer = disposable(kafka.producer({ retry: { retries: 0 } }))
  await producer.connect()
  for (const topic of ['orders', 'Orders', 'ORDERS']) {
    const [metadata] = await producer.send({ topic, messages: [{ value: topic }] })
    expect(metadata?.topicName).toBe(topic)
  }
  expect(target.emulator.eventHubs.get('orders')?.events()).toHaveLength(3)
  await expect(producer.send({ topic: 'bills', messages: [{ value: 'x' }] })).rejects.toThrow(/EntityPath/)
})
