import { describe, expect, it } from 'vitest'
import { Kafka, type Message, type Producer, type ProducerBatch, type ProducerRecord } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openTarget } from '../../support/harness.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

const createProducer = (config?: Parameters<Kafka['producer']>[0]) => new Kafka(target.config()).producer(config)

async function withProducer(
  test: (producer: Producer, topic: string) => Promise<void>,
  config?: Parameters<Kafka['producer']>[0],
): Promise<void> {
  await using producer = disposable(createProducer(config))
  await producer.connect()
  await test(producer, await target.createTopic())
}

describe('a producer', () => {
  it('has the members of kafkajs, in its order, writable and free of this', () => {
    const producer = createProducer()
    expect(Object.keys(producer)).toEqual([
      'connect',
      'disconnect',
      'isIdempotent',
      'events',
      'on',
      'send',
      'sendBatch',
      'transaction',
      'logger',
    ])
    expect(Object.keys(producer).every((key) => Object.getOwnPropertyDescriptor(producer, key)?.writable)).toBe(true)
    const { isIdempotent } = producer
    expect(isIdempotent()).toBe(false)
    expect(createProducer({ idempotent: true }).isIdempotent()).toBe(true)
  })

  it('may be connected again and again, and again after a disconnect', async () => {
    const producer = createProducer()
    const events: string[] = []
    producer.on(producer.events.CONNECT, ({ type }) => events.push(type))
    producer.on(producer.events.DISCONNECT, ({ type }) => events.push(type))
    await Promise.all([producer.connect(), producer.connect()])
    await producer.disconnect()
    await producer.disconnect()
    await producer.connect()
    const topic = await target.createTopic()
    await producer.send({ topic, messages: [{ value: 'again' }] })
    await producer.disconnect()
    expect(events).toEqual([
      'producer.connect',
      'producer.connect',
      'producer.disconnect',
      'producer.disconnect',
      'producer.connect',
      'producer.disconnect',
    ])
  })

  it('refuses to send before it is connected, while it disconnects and after', async () => {
    const producer = createProducer()
    const topic = await target.createTopic()
    const send = () => producer.send({ topic, messages: [{ value: 'x' }] })
    const disconnected = { name: 'KafkaJSError', message: 'The producer is disconnected', retriable: true }
    await expect(send()).rejects.toMatchObject(disconnected)
    await producer.connect()
    const accepted = send()
    const disconnecting = producer.disconnect()
    await expect(send()).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: "The producer is disconnecting; therefore, it can't safely accept messages anymore",
    })
    await expect(accepted).resolves.toHaveLength(1)
    await disconnecting
    await expect(send()).rejects.toMatchObject(disconnected)
  })

  it('disconnects without ever having connected', async () => {
    await expect(createProducer().disconnect()).resolves.toBeUndefined()
  })

  it('refuses listeners to events that it does not have', () => {
    expect(() => createProducer().on('NON_EXISTENT_EVENT' as never, () => {})).toThrow(
      'Event name should be one of producer.events.CONNECT, producer.events.DISCONNECT, producer.events.REQUEST, producer.events.REQUEST_TIMEOUT, producer.events.REQUEST_QUEUE_SIZE',
    )
  })

  it('tells of its requests', async () => {
    await withProducer(async (producer, topic) => {
      const requests: Record<string, unknown>[] = []
      const sizes: Record<string, unknown>[] = []
      producer.on(producer.events.REQUEST, ({ payload }) => requests.push(payload as never))
      producer.on(producer.events.REQUEST_QUEUE_SIZE, ({ payload }) => sizes.push(payload as never))
      await producer.send({ topic, messages: [{ value: 'x' }] })
      expect(requests.map(({ apiName }) => apiName)).toContain('Metadata')
      expect(requests.find(({ apiName }) => apiName === 'Produce')).toEqual({
        apiKey: 0,
        apiName: 'Produce',
        apiVersion: expect.any(Number),
        broker: expect.stringMatching(/^.+:\d+$/),
        clientId: expect.any(String),
        correlationId: expect.any(Number),
        createdAt: expect.any(Number),
        duration: expect.any(Number),
        pendingDuration: expect.any(Number),
        sentAt: expect.any(Number),
        size: expect.any(Number),
      })
      expect(sizes[0]).toEqual({
        broker: expect.any(String),
        clientId: expect.any(String),
        queueSize: expect.any(Number),
      })
    })
  })
})

describe('send', () => {
  const invalid: [string, unknown, object][] = [
    ['nothing', undefined, { name: 'TypeError' }],
    ['no topic', { topic: null, messages: [] }, { name: 'KafkaJSNonRetriableError', message: 'Invalid topic' }],
    [
      'no messages',
      { topic: 't', messages: null },
      { name: 'KafkaJSNonRetriableError', message: 'Invalid messages array [null] for topic "t"' },
    ],
    [
      'messages that are no array',
      { topic: 't', messages: { value: 'x' } },
      {
        name: 'KafkaJSNonRetriableError',
        message: expect.stringMatching(
          /^Invalid messages array \[.*value.*\] for topic "t": messages is to be an array/,
        ),
      },
    ],
    ['a message that is null', { topic: 't', messages: [null] }, { name: 'TypeError' }],
    [
      'a message without value',
      { topic: 't', messages: [{ value: 'x' }, { key: 'k', headers: { a: 'b' } }] },
      {
        name: 'KafkaJSNonRetriableError',
        message: 'Invalid message without value for topic "t": {"key":"k","headers":{"a":"b"}}',
      },
    ],
  ]

  it.each(invalid)('rejects %s, connected or not', async (_, record, error) => {
    const producer = createProducer()
    await expect(producer.send(record as ProducerRecord)).rejects.toMatchObject(error)
  })

  it.each([
    ['a number as value', { value: 1 }],
    ['an object as key', { key: {}, value: 'x' }],
    ['null as header', { value: 'x', headers: { a: null } }],
  ])('rejects %s with a TypeError, before anything is sent', async (_, message) => {
    await withProducer(async (producer, topic) => {
      const messages = [{ value: 'fine' }, message as unknown as Message]
      await expect(producer.send({ topic, messages })).rejects.toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
      })
      if (target.emulator) expect(target.emulator.eventHubs.get(topic)?.events()).toEqual([])
    })
  })

  it('leaves out headers that are undefined, and names one that cannot be sent', async () => {
    await withProducer(async (producer, topic) => {
      const send = (headers: object) =>
        producer.send({ topic, messages: [{ value: 'x', headers: headers as NonNullable<Message['headers']> }] })
      await send({ traceparent: undefined, kept: 'y' })
      await expect(send({ retries: 3 })).rejects.toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining(`header "retries" of a message for topic "${topic}"`),
      })
      const properties = target.emulator?.eventHubs
        .get(topic)
        ?.events()
        .map((event) => event.applicationProperties)
      if (properties) expect(properties).toEqual([{ kept: Buffer.from('y') }])
    })
  })

  const thrower = (give: () => unknown) => () => () => {
    throw give()
  }
  const throwing = {
    get message(): string {
      throw new Error('not even this')
    },
  }
  it.each([
    ['an error', () => new Error('which one?'), { message: 'which one?' }],
    ['nothing', () => undefined, { name: 'KafkaJSError', message: 'undefined' }],
    ['an object without prototype', () => Object.create(null), { name: 'KafkaJSError' }],
    ['an object that throws', () => throwing, { name: 'KafkaJSError' }],
    ['a promise', () => Promise.reject(new Error('later')), { name: 'KafkaJSError' }],
  ])('rejects with an error when the partitioner throws %s', async (_, give, error) => {
    await withProducer(
      async (producer, topic) => {
        const sending = producer.send({ topic, messages: [{ value: 'x' }] })
        await expect(sending).rejects.toSatisfy((rejected) => rejected instanceof Error)
        await expect(sending).rejects.toMatchObject(error)
        await expect(producer.send({ topic, messages: [] })).resolves.toEqual([])
      },
      { createPartitioner: thrower(give) },
    )
  })

  it.each([
    ['a promise', Promise.resolve(0)],
    ['an object without prototype', Object.create(null)],
    ['nothing', undefined],
  ])('says so when the partitioner gives %s', async (_, chosen) => {
    await withProducer(
      async (producer, topic) => {
        await expect(producer.send({ topic, messages: [{ value: 'x' }] })).rejects.toMatchObject({
          type: 'UNKNOWN_TOPIC_OR_PARTITION',
          message: expect.stringContaining('has no partition'),
        })
      },
      { createPartitioner: () => () => chosen },
    )
  })

  it('is not accepted before a connect() that nobody awaits has connected, and is after', async () => {
    const topic = await target.createTopic()
    await using producer = disposable(createProducer())
    const connected = new Promise((resolve) => producer.on(producer.events.CONNECT, resolve))
    void producer.connect()
    await expect(producer.send({ topic, messages: [{ value: 'early' }] })).rejects.toMatchObject({
      name: 'KafkaJSError',
      message: 'The producer is disconnected',
      retriable: true,
    })
    await connected
    await expect(producer.send({ topic, messages: [{ value: 'x' }] })).resolves.toHaveLength(1)
  })

  it('does not hang when a listener throws something odd', async () => {
    await withProducer(async (producer, topic) => {
      for (const event of Object.values(producer.events))
        producer.on(event as never, () => {
          throw Object.create(null)
        })
      await expect(producer.send({ topic, messages: [{ value: 'x' }] })).resolves.toHaveLength(1)
    })
  })

  it('resolves with one entry per partition, in order, offsets unknown', async () => {
    await withProducer(async (producer, topic) => {
      const messages = [3, 0, 3, 1].map((partition) => ({ value: 'x', partition }))
      expect(await producer.send({ topic, messages })).toEqual(
        [0, 1, 3].map((partition) => ({
          topicName: topic,
          partition,
          errorCode: 0,
          baseOffset: '-1',
          logAppendTime: '-1',
          logStartOffset: '0',
        })),
      )
    })
  })

  it('resolves with nothing for no messages, and with acks 0', async () => {
    await withProducer(async (producer, topic) => {
      expect(await producer.send({ topic, messages: [] })).toEqual([])
      expect(await producer.send({ topic, messages: [{ value: 'x' }], acks: 0 })).toEqual([])
      expect(await producer.send({ topic, messages: [{ value: 'x' }], acks: 1 })).toHaveLength(1)
    })
  })

  it('rejects a topic that could not exist once, and goes on with others', async () => {
    await withProducer(async (producer, topic) => {
      let attempts = 0
      producer.on(producer.events.REQUEST, () => attempts++)
      await expect(producer.send({ topic: 'no spaces please', messages: [{ value: 'x' }] })).rejects.toMatchObject({
        name: 'KafkaJSNonRetriableError',
        message: expect.stringContaining('The request attempted to perform an operation on an invalid topic'),
        cause: { type: 'INVALID_TOPIC_EXCEPTION', code: 17 },
      })
      expect(attempts).toBe(0)
      await expect(producer.send({ topic, messages: [{ value: 'x' }] })).resolves.toHaveLength(1)
    })
  })
})

describe('sendBatch', () => {
  it.each([
    ['nothing', undefined, { name: 'TypeError' }],
    ['an entry without topic', { topicMessages: [{ messages: [] }] }, { message: 'Invalid topic' }],
    [
      'an entry without messages',
      { topicMessages: [{ topic: 't' }] },
      { message: 'Invalid messages array [undefined] for topic "t"' },
    ],
  ])('rejects %s', async (_, batch, error) => {
    await expect(createProducer().sendBatch(batch as unknown as ProducerBatch)).rejects.toMatchObject(error)
  })

  it('resolves with nothing for no entries', async () => {
    await withProducer(async (producer) => {
      expect(await producer.sendBatch({})).toEqual([])
      expect(await producer.sendBatch({ topicMessages: [] })).toEqual([])
    })
  })

  it('sends to several topics, joins entries of the same, and leaves its argument alone', async () => {
    await withProducer(async (producer, first) => {
      const second = await target.createTopic()
      const entry = (topic: string, value: string) => ({ topic, messages: [{ value, partition: 2 }] })
      const topicMessages = [entry(first, '1'), entry(second, 'a'), entry(first, '2')]
      const before = structuredClone(topicMessages)
      const result = await producer.sendBatch({ topicMessages })
      expect(result.map(({ topicName, partition }) => [topicName, partition])).toEqual([
        [first, 2],
        [second, 2],
      ])
      expect(topicMessages).toEqual(before)
      const values = (topic: string) =>
        target.emulator?.eventHubs
          .get(topic)
          ?.events()
          .map(({ body }) => String(body))
      if (target.emulator) expect([values(first), values(second)]).toEqual([['1', '2'], ['a']])
    })
  })

  it('sends to no topic when one message of one topic cannot be sent', async () => {
    await withProducer(async (producer, first) => {
      const second = await target.createTopic()
      const topicMessages = [
        { topic: first, messages: [{ value: 'x' }] },
        { topic: second, messages: [{ value: Buffer.alloc(2_000_000) }] },
      ]
      await expect(producer.sendBatch({ topicMessages })).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE', code: 10 })
      if (target.emulator) expect(target.emulator.eventHubs.get(first)?.events()).toEqual([])
    })
  })
})

describe('partitions', () => {
  it("are chosen by a partitioner of one's own, with the arguments of kafkajs", async () => {
    const seen: unknown[] = []
    const createPartitioner = () => (args: { message: Message }) => {
      seen.push(args)
      return Number(String(args.message.key).replace(/\D/g, '')) % 4
    }
    await withProducer(
      async (producer, topic) => {
        const messages = [{ key: 'key-6', value: 'x' }]
        expect(await producer.send({ topic, messages })).toMatchObject([{ partition: 2 }])
        const partition = (partitionId: number) => ({
          partitionErrorCode: 0,
          partitionId,
          leader: 0,
          replicas: [0],
          isr: [0],
          offlineReplicas: [],
        })
        expect(seen).toEqual([{ topic, message: messages[0], partitionMetadata: [0, 1, 2, 3].map(partition) }])
      },
      { createPartitioner },
    )
  })

  it("reject with the partitioner's own error", async () => {
    const failure = new RangeError('no idea')
    const createPartitioner = () => () => {
      throw failure
    }
    await withProducer(
      async (producer, topic) => {
        await expect(producer.send({ topic, messages: [{ value: 'x' }] })).rejects.toBe(failure)
      },
      { createPartitioner },
    )
  })

  it('reject when there is no such partition, where kafkajs drops the message', async () => {
    await withProducer(async (producer, topic) => {
      await expect(producer.send({ topic, messages: [{ value: 'x', partition: 4 }] })).rejects.toMatchObject({
        name: 'KafkaJSProtocolError',
        type: 'UNKNOWN_TOPIC_OR_PARTITION',
        retriable: false,
        message: expect.stringContaining(`opic ${topic} has no partition 4: it has 4, 0 to 3`),
      })
    })
  })
})

it('refuses a topic that is no string, and takes headers that are null for none', async () => {
  await using target = await openTarget()
  const topic = await target.createTopic()
  const producer = new Kafka(target.config()).producer()
  await producer.connect()
  const send = (record: object) => producer.send(record as Parameters<typeof producer.send>[0])
  await expect(send({ topic: 5, messages: [{ value: 'a' }] })).rejects.toMatchObject({
    name: 'KafkaJSNonRetriableError',
    message: 'Invalid topic 5: a topic is named by a string, not a number',
  })
  await expect(send({ topic, messages: [{ value: 'a', headers: null }] })).resolves.toHaveLength(1)
  await producer.disconnect()
})
