import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { CompressionCodecs, CompressionTypes, Kafka, type PartitionerArgs } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'
import { scaled } from '../../support/pace.js'

const quickRetry = { initialRetryTime: 10, retries: 2 }

describe('a topic that does not exist', () => {
  it('is rejected after the retries when it may not be created, with what to do', async () => {
    await using target = await openEmulator()
    await using producer = disposable(
      new Kafka(target.config({ logLevel: 0, retry: quickRetry })).producer({
        allowAutoTopicCreation: false,
      }),
    )
    await producer.connect()
    await expect(producer.send({ topic: 'nowhere', messages: [{ value: 'x' }] })).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      message: expect.stringMatching(/no event hub "nowhere".*admin\.createTopics.*allowAutoTopicCreation is false/),
      cause: { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 },
    })
  })

  it('is rejected without management, with what to do', async () => {
    await using target = await openEmulator()
    const config = target.config({ logLevel: 0, retry: quickRetry })
    await using producer = disposable(
      new Kafka({ ...config, eventHubs: { ...config.eventHubs, management: false } }).producer(),
    )
    await producer.connect()
    await expect(producer.send({ topic: 'nowhere', messages: [{ value: 'x' }] })).rejects.toMatchObject({
      message: expect.stringContaining('allowAutoTopicCreation needs eventHubs.management'),
      cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    })
  })

  it('is rejected with a credential that may not manage, with what to do', async () => {
    await using target = await openEmulator({
      sharedAccessKeys: [{ name: 'sender', key: 'c2VjcmV0', claims: ['Send'] }],
    })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0, retry: quickRetry })).producer())
    await producer.connect()
    await expect(producer.send({ topic: 'nowhere', messages: [{ value: 'x' }] })).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: expect.stringContaining('allowAutoTopicCreation could not create it'),
      cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    })
  })

  it('is created when it may be, once for concurrent sends', async () => {
    await using target = await openEmulator()
    await using producer = disposable(new Kafka(target.config({ retry: quickRetry })).producer())
    await producer.connect()
    const sends = Array.from({ length: 50 }, (_, n) =>
      producer.send({ topic: 'fresh', messages: [{ value: String(n) }] }),
    )
    await Promise.all(sends)
    expect(target.emulator.eventHubs.get('fresh')?.events()).toHaveLength(50)
  })

  it('fails all sends that wait for it together, and holds up no other topic', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(
      new Kafka(target.config({ logLevel: 0, retry: { initialRetryTime: 200, retries: 2 } })).producer({
        allowAutoTopicCreation: false,
      }),
    )
    await producer.connect()
    const start = performance.now()
    const lost = Array.from({ length: 20 }, () => producer.send({ topic: 'nowhere', messages: [{ value: 'x' }] }))
    const other = producer.send({ topic, messages: [{ value: 'x' }] })
    expect(await Promise.race([other.then(() => 'other'), Promise.allSettled(lost).then(() => 'lost')])).toBe('other')
    const outcomes = await Promise.allSettled(lost)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - start).toBeLessThan(scaled(3_000))
  })
})

describe('the partitions of a topic', () => {
  it('are asked for once by concurrent sends, and again after metadataMaxAge', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config()).producer({ metadataMaxAge: 100 }))
    let lookUps = 0
    producer.on(producer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Metadata') lookUps++
    })
    await producer.connect()
    const send = () => producer.send({ topic, messages: [{ value: 'x' }] })
    await Promise.all(Array.from({ length: 100 }, send))
    expect(lookUps).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 150))
    await Promise.all([send(), send()])
    expect(lookUps).toBe(2)
  })

  it('are asked for before each send with a metadataMaxAge of 0', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config()).producer({ metadataMaxAge: 0 }))
    await producer.connect()
    for (const _ of [1, 2, 3]) await producer.send({ topic, messages: [{ value: 'x' }] })
    expect(target.emulator.stats.managementRequests).toBe(3)
  })

  it('are found when they were added a moment ago', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 2 })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0 })).producer())
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x', partition: 1 }] })
    target.emulator.eventHubs.get(topic)?.setPartitionCount(4)
    await expect(producer.send({ topic, messages: [{ value: 'x', partition: 3 }] })).resolves.toMatchObject([
      { partition: 3 },
    ])
  })
})

it('300 topics in turn take a bounded number of connections', async () => {
  await using target = await openEmulator({ autoCreateEventHubs: { partitionCount: 1 } })
  await using producer = disposable(new Kafka(target.config()).producer())
  await producer.connect()
  let most = 0
  for (let n = 0; n < 300; n++) {
    await producer.send({ topic: `topic-${n}`, messages: [{ value: String(n) }] })
    most = Math.max(most, target.emulator.stats.openConnections)
  }
  // One for all links, and at most 16 for questions: docs/authentication.md. Well below that of one for each topic.
  expect(most).toBeLessThanOrEqual(20)
  // The first ones were closed for the others, and open again.
  await Promise.all([0, 1, 299].map((n) => producer.send({ topic: `topic-${n}`, messages: [{ value: 'again' }] })))
  expect(target.emulator.eventHubs.list().map((hub) => hub.events().length)).toHaveLength(300)
  expect(target.emulator.stats.eventsStored).toBe(303)
}, 120_000)

describe('compression', () => {
  const message = { value: 'x'.repeat(1000), key: 'k' }
  const original = CompressionCodecs[CompressionTypes.Snappy]
  afterEach(() => {
    CompressionCodecs[CompressionTypes.Snappy] = original
  })

  it.each(['Snappy', 'LZ4', 'ZSTD'] as const)('with %s rejects while it has no codec', async (name) => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()
    await expect(
      producer.send({ topic, messages: [message], compression: CompressionTypes[name] }),
    ).rejects.toMatchObject({
      name: 'KafkaJSNotImplemented',
      message: `${name} compression not implemented`,
    })
  })

  it('is not applied by default: readers see plain bytes', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()
    await producer.send({ topic, messages: [message], compression: CompressionTypes.GZIP })
    expect(String(target.emulator.eventHubs.get(topic)?.events()[0]?.body)).toBe(message.value)
  })

  it('of bodies is applied when asked for, says so, and keeps the order of sends', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    // A codec whose first work takes longest.
    let delay = 50
    CompressionCodecs[CompressionTypes.Snappy] = () => ({
      async compress({ buffer }: { buffer: Buffer }) {
        delay -= 10
        await new Promise((resolve) => setTimeout(resolve, delay))
        return gzipSync(buffer)
      },
      decompress: async (buffer: Buffer) => gunzipSync(buffer),
    })
    const config = target.config()
    await using producer = disposable(
      new Kafka({ ...config, eventHubs: { ...config.eventHubs, compression: 'body' } }).producer(),
    )
    await producer.connect()
    const send = (value: string | null, compression?: CompressionTypes) =>
      producer.send({ topic, messages: [{ value }], ...(compression && { compression }) })
    await Promise.all([
      send('first', CompressionTypes.Snappy),
      send('second', CompressionTypes.Snappy),
      send('third'),
      send(null, CompressionTypes.GZIP),
      send('fifth', CompressionTypes.GZIP),
    ])
    const events = target.emulator.eventHubs.get(topic)?.events() ?? []
    expect(events.map(({ message }) => message['content_encoding'])).toEqual([
      'snappy',
      'snappy',
      undefined,
      undefined,
      'gzip',
    ])
    const [first, second, third, , fifth] = events
    const unzipped = [first, second, fifth].map((event) => String(gunzipSync(event?.body ?? Buffer.alloc(0))))
    expect(unzipped).toEqual(['first', 'second', 'fifth'])
    expect(String(third?.body)).toBe('third')
  })
})

describe('spellings of one topic', () => {
  it('share links and order; the program sees its own', async () => {
    await using target = await openEmulator()
    await target.createTopic({ name: 'orders', partitions: 1 })
    const asked: string[] = []
    const createPartitioner = () => (args: PartitionerArgs) => {
      asked.push(args.topic)
      return 0
    }
    await using producer = disposable(
      new Kafka(target.config({ logLevel: 0, retry: quickRetry })).producer({ createPartitioner }),
    )
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: '0' }] })
    // The first transfer has to be sent again: what is sent meanwhile, under whatever name, waits for it.
    const fault = target.emulator.faults.throttle({ times: 1 })
    const spellings = ['Orders', 'orders', 'ORDERS']
    const sent = await Promise.all(
      spellings.map((topic, index) => producer.send({ topic, messages: [{ value: String(index + 1) }] })),
    )
    expect(fault.hits).toBe(1)
    expect(sent.map(([metadata]) => metadata?.topicName)).toEqual(spellings)
    expect(asked).toEqual(['orders', ...spellings])
    const events = target.emulator.eventHubs.get('orders')?.events() ?? []
    expect(events.map(({ body }) => String(body))).toEqual(['0', '1', '2', '3'])
  })

  it('are named in errors as the call named them', async () => {
    await using target = await openEmulator()
    await target.createTopic({ name: 'orders', partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ logLevel: 0, retry: quickRetry })).producer())
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'known' }] })
    await expect(producer.send({ topic: 'Orders', messages: [{ value: 'x', partition: 7 }] })).rejects.toThrow(
      'Topic Orders has no partition 7',
    )
    const value = Buffer.alloc(2 * 1024 * 1024)
    await expect(producer.send({ topic: 'ORDERS', messages: [{ value }] })).rejects.toThrow('ORDERS [0]')
  })
})
