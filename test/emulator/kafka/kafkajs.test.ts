import { connect } from 'node:net'
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { type EmulatorOptions, startEmulator } from '../../../src/emulator/index.js'
import { closeOf } from '../../support/closing.js'
import { eventually } from '../../support/eventually.js'

const TOPIC = 'orders'

async function start(options: EmulatorOptions = {}) {
  const emulator = await startEmulator({ eventHubs: [{ name: TOPIC, partitionCount: 3 }], ...options })
  const kafka = new Kafka({ ...emulator.kafkaEndpointConfig({ clientId: 'test' }), logLevel: logLevel.NOTHING })
  return { emulator, kafka, [Symbol.asyncDispose]: () => emulator.close() }
}

/** Connected, and disconnected at the end of its scope. */
async function connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(client: T) {
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.disconnect() })
}

/** A consumer that ends fast: kafkajs waits for its last Fetch. */
const quick = (groupId: string) => ({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 100, sessionTimeout: 6000 })

function send(producer: Producer, count: number, partition?: number) {
  const messages = Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    value: `v${index}`,
    ...(partition !== undefined && { partition }),
  }))
  return producer.send({ topic: TOPIC, messages })
}

async function collect(consumer: Consumer, seen: string[]): Promise<void> {
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen.push(`${partition}:${message.offset}:${message.value}`)
    },
  })
}

describe('kafkajs on the Kafka endpoint', () => {
  it('produces with keys, nulls, repeated headers and gzip, and reads back what it wrote', async () => {
    await using test = await start()
    await using producer = await connected(test.kafka.producer())
    const messages = [
      { key: 'k', value: 'v', headers: { one: '1', many: ['a', 'b'], empty: '' } },
      { key: null, value: null },
      { key: '', value: '' },
      { key: 'large', value: Buffer.alloc(200_000, 7) },
    ].map((message) => ({ ...message, partition: 1 }))
    const [metadata] = await producer.send({ topic: TOPIC, messages, compression: 1 })
    expect(metadata).toMatchObject({
      topicName: TOPIC,
      partition: 1,
      errorCode: 0,
      baseOffset: '0',
      logStartOffset: '0',
    })
    await using consumer = await connected(test.kafka.consumer(quick('g')))
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    const read: unknown[] = []
    await consumer.run({
      eachMessage: async ({ message: { key, value, headers, offset, timestamp } }) => {
        expect(timestamp).toBe(metadata?.logAppendTime)
        read.push({
          offset,
          key: key?.toString() ?? null,
          value: value?.toString('latin1') ?? null,
          headers: textOf(headers),
        })
      },
    })
    await eventually(() => read.length === 4)
    expect(read).toEqual([
      { offset: '0', key: 'k', value: 'v', headers: { one: '1', many: ['a', 'b'], empty: '' } },
      { offset: '1', key: null, value: null, headers: {} },
      { offset: '2', key: '', value: '', headers: {} },
      { offset: '3', key: 'large', value: '\x07'.repeat(200_000), headers: {} },
    ])
  })

  it('shares partitions among a group of three, and gives those of one that leaves to the others', async () => {
    await using test = await start()
    await using producer = await connected(test.kafka.producer())
    const seen: string[] = []
    const consumers = await Promise.all([1, 2, 3].map(() => connected(test.kafka.consumer(quick('three')))))
    try {
      await Promise.all(consumers.map((consumer) => collect(consumer, seen)))
      await using admin = await connected(test.kafka.admin())
      const assigned = async () => {
        const { groups } = await admin.describeGroups(['three'])
        expect(groups[0]?.state).toBe('Stable')
        return groups[0]?.members.length
      }
      await eventually(async () => (await assigned()) === 3)
      await send(producer, 30)
      await eventually(() => new Set(seen).size === 30)
      await consumers.pop()?.disconnect()
      await eventually(async () => (await assigned()) === 2)
      await send(producer, 30)
      await eventually(() => new Set(seen).size === 60)
    } finally {
      await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    }
    await using admin = await connected(test.kafka.admin())
    const offsets = await admin.fetchOffsets({ groupId: 'three', topics: [TOPIC] })
    const latest = await admin.fetchTopicOffsets(TOPIC)
    const lag = latest.map(({ partition, high }) => {
      const committed = offsets[0]?.partitions.find((each) => each.partition === partition)
      return Number(high) - Number(committed?.offset)
    })
    expect(lag).toEqual([0, 0, 0])
    expect((await admin.describeGroups(['three'])).groups[0]?.state).toBe('Dead')
    expect((await admin.listGroups()).groups).toEqual([])
  })

  it('seeks, pauses and resumes', async () => {
    await using test = await start()
    await using producer = await connected(test.kafka.producer())
    await send(producer, 10, 0)
    await using consumer = await connected(test.kafka.consumer(quick('seek')))
    const seen: string[] = []
    await collect(consumer, seen)
    consumer.seek({ topic: TOPIC, partition: 0, offset: '7' })
    await eventually(() => seen.includes('0:9:v9'))
    const before = seen.filter((each) => each === '0:8:v8').length
    consumer.pause([{ topic: TOPIC }])
    consumer.seek({ topic: TOPIC, partition: 0, offset: '8' })
    consumer.resume([{ topic: TOPIC }])
    await eventually(() => seen.filter((each) => each === '0:8:v8').length === before + 1)
  })

  it('administers topics, partitions and groups', async () => {
    await using test = await start()
    await using admin = await connected(test.kafka.admin())
    expect(await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 2 }] })).toBe(true)
    expect(await admin.createTopics({ topics: [{ topic: 'made' }] })).toBe(false)
    await admin.createPartitions({ topicPartitions: [{ topic: 'made', count: 5 }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] })
    expect(topics[0]?.partitions).toHaveLength(5)
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'made', configNames: ['retention.ms'] }],
    })
    expect(resources[0]?.configEntries).toMatchObject([{ configName: 'retention.ms', configValue: '86400000' }])
    await admin.setOffsets({ groupId: 'g', topic: 'made', partitions: [{ partition: 1, offset: '4' }] })
    expect(await admin.fetchOffsets({ groupId: 'g', topics: ['made'] })).toMatchObject([
      { partitions: expect.arrayContaining([{ partition: 1, offset: '4', metadata: null }]) },
    ])
    await admin.deleteGroups(['g'])
    await expect(admin.deleteGroups(['g'])).rejects.toThrow()
    await admin.deleteTopics({ topics: ['made'] })
    expect(await admin.listTopics()).toEqual([TOPIC])
    await expect(admin.fetchTopicMetadata({ topics: ['missing'] })).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    expect(test.emulator.eventHubs.get('missing')).toBeUndefined()
  })

  it('finds an offset by time', async () => {
    await using test = await start()
    await using producer = await connected(test.kafka.producer())
    const [first] = await send(producer, 3, 0)
    await eventually(() => Date.now() > Number(first?.logAppendTime))
    await send(producer, 1, 0)
    await using admin = await connected(test.kafka.admin())
    const after = await admin.fetchTopicOffsetsByTimestamp(TOPIC, Number(first?.logAppendTime) + 1)
    expect(after.find(({ partition }) => partition === 0)?.offset).toBe('3')
  })

  it('publishes idempotently: one copy after a lost acknowledgement', async () => {
    await using test = await start()
    await using producer = await connected(test.kafka.producer({ idempotent: true, maxInFlightRequests: 1 }))
    await send(producer, 2, 0)
    const loss = test.emulator.faults.loseDispositions({ hub: TOPIC, times: 1 })
    await send(producer, 2, 0)
    await send(producer, 2, 0)
    expect(loss.hits).toBe(1)
    const events = test.emulator.eventHubs.get(TOPIC)?.partitions[0]?.events() ?? []
    expect(events.map(({ body }) => body.toString())).toEqual(['v0', 'v1', 'v0', 'v1', 'v0', 'v1'])
  })

  it('is told at once that there are no transactions', async () => {
    await using test = await start()
    const producer = test.kafka.producer({ transactionalId: 'tx', idempotent: true, maxInFlightRequests: 1 })
    // kafkajs takes any error in its search for a coordinator for that.
    await producer.connect()
    await expect(producer.transaction()).rejects.toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound' })
    await producer.disconnect()
  })

  it('keeps the producers’ times where the event hub is set to', async () => {
    await using test = await start({ eventHubs: [{ name: TOPIC, partitionCount: 1, timestampType: 'create' }] })
    await using producer = await connected(test.kafka.producer())
    const times = ['1700000000000', '1700000000777']
    await producer.send({ topic: TOPIC, messages: times.map((timestamp) => ({ value: 'v', timestamp })) })
    await using consumer = await connected(test.kafka.consumer(quick('times')))
    const read: string[] = []
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void read.push(message.timestamp) })
    await eventually(() => read.length === 2)
    expect(read).toEqual(times)
  })

  it('sees groups as Apache Kafka has them, where it is asked for', async () => {
    await using test = await start({ kafka: { groups: 'kafka' } })
    await using admin = await connected(test.kafka.admin())
    await using consumer = await connected(test.kafka.consumer(quick('kafka-mode')))
    await collect(consumer, [])
    await eventually(async () => (await admin.describeGroups(['kafka-mode'])).groups[0]?.state === 'Stable')
    await consumer.stop()
    await eventually(async () => (await admin.describeGroups(['kafka-mode'])).groups[0]?.state === 'Empty')
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'kafka-mode', protocolType: 'consumer' }])
  })

  it('leaves the Kafka protocol alone where it is switched off', async () => {
    await using emulator = await startEmulator({ kafka: false })
    expect(() => emulator.kafkaEndpointConfig()).toThrow(RangeError)
    expect(emulator.kafkaPort).toBeUndefined()
    const socket = connect(emulator.port, '127.0.0.1')
    socket.write(Buffer.alloc(8))
    await closeOf(socket)
  })
})

function textOf(headers: object = {}): object {
  return JSON.parse(
    JSON.stringify(headers, (_name, value: unknown) => {
      const bytes = value as { type?: string; data?: number[] } | null
      return bytes?.type === 'Buffer' ? Buffer.from(bytes.data ?? []).toString() : value
    }),
  )
}
