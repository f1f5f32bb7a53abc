import type { AmqpAnnotatedMessage } from '@azure/core-amqp'
import {
  type EventData,
  EventHubConsumerClient,
  EventHubProducerClient,
  type ReceivedEventData,
} from '@azure/event-hubs'
import { describe, expect, it } from 'vitest'
import { CompressionTypes, type EachMessagePayload, Kafka, type KafkaConfig, type Message } from '../../src/index.js'
import { disposable } from '../support/disposable.js'
import { eventually } from '../support/eventually.js'
import { openEmulator } from '../support/harness.js'

type EmulatorTarget = Awaited<ReturnType<typeof openEmulator>>
type Received = EachMessagePayload['message']

/** What a program with this library reads of an event hub. */
async function readWithKafka(config: KafkaConfig, topic: string, count: number): Promise<Received[]> {
  const messages: Received[] = []
  await using consumer = disposable(new Kafka(config).consumer({ groupId: 'interop' }))
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      messages.push(message)
    },
  })
  await eventually(() => messages.length >= count)
  return messages
}

/** What a program with the published SDK reads. */
async function readWithSdk(target: EmulatorTarget, topic: string, count: number): Promise<ReceivedEventData[]> {
  const client = new EventHubConsumerClient('$Default', target.emulator.connectionString, topic)
  const events: ReceivedEventData[] = []
  const subscription = client.subscribe(
    {
      processEvents: async (batch) => {
        events.push(...batch)
      },
      processError: async () => {},
    },
    { startPosition: { sequenceNumber: -1 }, skipParsingBodyAsJson: true, maxWaitTimeInSeconds: 1, maxBatchSize: 100 },
  )
  try {
    await eventually(() => events.length >= count)
    return events
  } finally {
    await subscription.close()
    await client.close()
  }
}

/** Sends with the published SDK, each event in its turn. */
async function sendWithSdk(
  target: EmulatorTarget,
  topic: string,
  events: (EventData | AmqpAnnotatedMessage)[],
): Promise<void> {
  const client = new EventHubProducerClient(target.emulator.connectionString, topic)
  try {
    for (const event of events) await client.sendBatch([event], { partitionId: '0' })
  } finally {
    await client.close()
  }
}

async function sendWithKafka(config: KafkaConfig, topic: string, messages: Message[], compression?: CompressionTypes) {
  await using producer = disposable(new Kafka(config).producer())
  await producer.connect()
  await producer.send({ topic, messages, ...(compression !== undefined && { compression }) })
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe('from this library to itself', () => {
  it('everything that Kafka keeps comes back', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const messages: Message[] = [
      { value: 'text', key: 'key', timestamp: '1700000000123' },
      {
        value: everyByte,
        key: everyByte,
        headers: { bytes: everyByte, text: 'ü', many: ['a', Buffer.from('b')], one: ['x'], none: [] },
      },
      { value: null, key: 'gone' },
      { value: '', key: '' },
    ]
    await sendWithKafka(target.config(), topic, messages)
    const [text, bytes, tombstone, empty] = await readWithKafka(target.config(), topic, 4)
    expect(text).toMatchObject({ offset: '0', timestamp: '1700000000123', headers: {}, magicByte: 2, attributes: 0 })
    expect([text?.key, text?.value].map(String)).toEqual(['key', 'text'])
    expect(bytes).toMatchObject({
      key: everyByte,
      value: everyByte,
      headers: {
        bytes: everyByte,
        text: Buffer.from('ü'),
        many: [Buffer.from('a'), Buffer.from('b')],
        one: Buffer.from('x'),
      },
    })
    expect(Object.keys(bytes?.headers ?? {})).not.toContain('none')
    expect(Math.abs(Number(bytes?.timestamp) - Date.now())).toBeLessThan(60_000)
    expect(tombstone).toMatchObject({ key: Buffer.from('gone'), value: null })
    expect(empty).toMatchObject({ key: Buffer.alloc(0), value: Buffer.alloc(0) })
  })

  it('compressed bodies are read as they were written', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const config = target.config()
    const compressing = { ...config, eventHubs: { ...config.eventHubs, compression: 'body' as const } }
    await sendWithKafka(
      compressing,
      topic,
      [{ value: 'x'.repeat(500), headers: { a: '1' } }, { value: null }],
      CompressionTypes.GZIP,
    )
    expect(target.emulator.eventHubs.get(topic)?.events()[0]?.body.length).toBeLessThan(100)
    const [long, none] = await readWithKafka(config, topic, 2)
    expect(String(long?.value)).toBe('x'.repeat(500))
    expect(long?.headers).toEqual({ a: Buffer.from('1') })
    expect(none?.value).toBeNull()
  })
})

describe('from this library to the SDK', () => {
  it('an event has plain bytes, binary properties and the key as the Kafka endpoint would show it', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await sendWithKafka(target.config(), topic, [
      { key: 'k', value: '{"a":1}', headers: { text: 'ü', many: ['a', 'b'] }, timestamp: '1700000000123' },
      { key: 'gone', value: null },
    ])
    const [event, tombstone] = await readWithSdk(target, topic, 2)
    expect(event?.body).toEqual(Buffer.from('{"a":1}'))
    const raw = event?.getRawAmqpMessage()
    expect(raw?.applicationProperties).toEqual({ text: Buffer.from('ü'), many: Buffer.from('b') })
    expect(raw?.messageAnnotations?.['x-opt-kafka-key']).toEqual(Buffer.from('k'))
    expect(raw?.properties?.creationTime).toBe(1_700_000_000_123)
    // The key is no partition key: that would be hashed by the service.
    expect(event?.partitionKey ?? null).toBeNull()
    expect(tombstone?.body).toEqual(Buffer.alloc(0))
    expect(tombstone?.getRawAmqpMessage().messageAnnotations?.['x-opt-kafka-null-value']).toBe(true)
  })

  it('a compressed body says so', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const config = target.config()
    const compressing = { ...config, eventHubs: { ...config.eventHubs, compression: 'body' as const } }
    await sendWithKafka(compressing, topic, [{ value: 'x'.repeat(500) }], CompressionTypes.GZIP)
    const [event] = await readWithSdk(target, topic, 1)
    expect(event?.getRawAmqpMessage().properties?.contentEncoding).toBe('gzip')
  })

  it('the partition is the one that Kafka would have chosen', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 4 })
    // murmur2, as in kafkajs: abc → 3, key → 1, hello → 1, key-1 → 0.
    await sendWithKafka(
      target.config(),
      topic,
      ['abc', 'key', 'hello', 'key-1'].map((key) => ({ key, value: key })),
    )
    const keys = target.emulator.eventHubs
      .get(topic)
      ?.partitions.map((partition) => partition.events().map(({ body }) => String(body)))
    expect(keys).toEqual([['key-1'], ['key', 'hello'], [], ['abc']])
  })
})

describe('from the SDK to this library', () => {
  it('an event has its body, its typed properties as text and its message properties as headers', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await sendWithSdk(target, topic, [
      {
        body: { a: 1 },
        properties: {
          text: 'ü',
          yes: true,
          count: 7,
          share: 0.5,
          negative: -3,
          when: new Date(1),
          bytes: Buffer.from([0xff]),
        },
        messageId: 'm-1',
        contentType: 'application/json',
        correlationId: 'c-1',
      },
      { body: 'text' },
      { body: null },
      { body: Buffer.from([1, 2, 3]) },
    ])
    const [object, text, nothing, bytes] = await readWithKafka(target.config(), topic, 4)
    expect(String(object?.value)).toBe('{"a":1}')
    expect(object?.headers).toEqual({
      text: Buffer.from('ü'),
      yes: Buffer.from('true'),
      count: Buffer.from('7'),
      share: Buffer.from('0.5'),
      negative: Buffer.from('-3'),
      when: Buffer.from('1970-01-01T00:00:00.001Z'),
      bytes: Buffer.from([0xff]),
      'message-id': Buffer.from('m-1'),
      'content-type': Buffer.from('application/json'),
      'correlation-id': Buffer.from('c-1'),
    })
    expect(String(text?.value)).toBe('"text"')
    expect(nothing?.value).toBeNull()
    expect(bytes?.value).toEqual(Buffer.from([1, 2, 3]))
    expect(bytes).toMatchObject({ key: null, headers: {}, offset: '3' })
  })

  it('value and sequence bodies are JSON text', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await sendWithSdk(target, topic, [
      { body: { a: [1, true], b: 'x' }, bodyType: 'value' },
      { body: 'text', bodyType: 'value' },
      { body: [1, 'two'], bodyType: 'sequence' },
    ])
    const messages = await readWithKafka(target.config(), topic, 3)
    expect(messages.map(({ value }) => String(value))).toEqual(['{"a":[1,true],"b":"x"}', '"text"', '[1,"two"]'])
  })

  it('the partition key is the key', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 4 })
    const client = new EventHubProducerClient(target.emulator.connectionString, topic)
    await client.sendBatch([{ body: 'x' }, { body: 'y' }], { partitionKey: 'ключ' })
    await client.close()
    const messages = await readWithKafka(target.config(), topic, 2)
    expect(messages.map(({ key }) => String(key))).toEqual(['ключ', 'ключ'])
  })

  it('events as the Kafka endpoint writes them have their keys and headers', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await sendWithSdk(target, topic, [
      {
        body: Buffer.from('value'),
        bodyType: 'data',
        applicationProperties: { trace: Buffer.from([0x00, 0xff]) },
        messageAnnotations: { 'x-opt-kafka-key': Buffer.from([0xfe, 0x01]) },
      },
    ])
    const [message] = await readWithKafka(target.config(), topic, 1)
    expect(message).toMatchObject({
      key: Buffer.from([0xfe, 0x01]),
      value: Buffer.from('value'),
      headers: { trace: Buffer.from([0x00, 0xff]) },
    })
  })

  it('a body that its sender compressed is left to its reader', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await sendWithSdk(target, topic, [
      { body: Buffer.from([0x1f, 0x8b]), bodyType: 'data', properties: { contentEncoding: 'gzip' } },
    ])
    const [message] = await readWithKafka(target.config(), topic, 1)
    expect(message).toMatchObject({
      value: Buffer.from([0x1f, 0x8b]),
      headers: { 'content-encoding': Buffer.from('gzip') },
    })
  })
})
