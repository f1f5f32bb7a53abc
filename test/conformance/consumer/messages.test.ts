import { setTimeout as sleep } from 'node:timers/promises'
import { CompressionCodecs, CompressionTypes, type EachMessagePayload, type KafkaMessage } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

describe('eachMessage', () => {
  it('gets every message of a partition once, in order, with offsets from 0', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(100))
    const reading = await bench.read(bench.consumer())
    await reading.count(100)
    await bench.send(numbers(20, 100))
    await reading.count(120)
    expect(reading.values()).toEqual(numbers(120))
    expect(reading.received.map(({ offset }) => offset)).toEqual(numbers(120))
  })

  it('gets what kafkajs hands over, and nothing else', async () => {
    await using bench = await openBench(target)
    const before = Date.now()
    await bench.send([{ key: 'k', value: 'v', headers: { h: 'x', many: ['a', Buffer.from('b')], none: [] } }])
    const payloads: EachMessagePayload[] = []
    const reading = await bench.read(bench.consumer(), { handle: (payload) => payloads.push(payload) })
    await reading.count(1)
    const [payload] = payloads as [EachMessagePayload]
    expect(Object.keys(payload).sort()).toEqual(['heartbeat', 'message', 'partition', 'pause', 'topic'])
    expect(payload).toMatchObject({ topic: bench.topic, partition: 0 })
    const { message } = payload
    expect(Object.keys(message)).toEqual([
      'magicByte',
      'attributes',
      'timestamp',
      'offset',
      'key',
      'value',
      'headers',
      'isControlRecord',
      'batchContext',
    ])
    expect(message).toMatchObject({ magicByte: 2, attributes: 0, offset: '0', isControlRecord: false })
    expect(message.key).toEqual(Buffer.from('k'))
    expect(message.value).toEqual(Buffer.from('v'))
    expect(message.headers).toEqual({ h: Buffer.from('x'), many: [Buffer.from('a'), Buffer.from('b')] })
    expect(Number(message.timestamp)).toBeGreaterThan(before - 60_000)
    expect(message.timestamp).toMatch(/^\d+$/)
  })

  it('gets tombstones, empty values and absent keys as what they are', async () => {
    await using bench = await openBench(target)
    await bench.send([{ key: 'gone', value: null }, { value: '' }, { key: '', value: 'x' }])
    const messages: KafkaMessage[] = []
    const reading = await bench.read(bench.consumer(), { handle: ({ message }) => messages.push(message) })
    await reading.count(3)
    expect(messages.map(({ key, value }) => [key, value])).toEqual([
      [Buffer.from('gone'), null],
      [null, Buffer.alloc(0)],
      [Buffer.alloc(0), Buffer.from('x')],
    ])
    expect(messages.map(({ headers }) => headers)).toEqual([{}, {}, {}])
  })

  it('may be an ordinary function, and may change the message it is given', async () => {
    await using bench = await openBench(target)
    await bench.send(['a', 'b'])
    const seen: string[] = []
    const consumer = bench.consumer()
    await consumer.subscribe({ topic: bench.topic, fromBeginning: true })
    await consumer.run({
      eachMessage: ((payload: EachMessagePayload) => {
        Object.assign(payload.message, { topic: payload.topic, partition: payload.partition })
        seen.push(String(payload.message.value))
        return 'ignored'
      }) as never,
    })
    await eventually(() => expect(seen).toEqual(['a', 'b']))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2' }))
  })

  it('is preferred where both handlers are given', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    let batches = 0
    const consumer = bench.consumer()
    await consumer.subscribe({ topic: bench.topic, fromBeginning: true })
    const messages: string[] = []
    await consumer.run({
      eachBatch: async () => void batches++,
      eachMessage: async ({ message }) => void messages.push(String(message.value)),
    })
    await eventually(() => expect(messages).toEqual(['a']))
    expect(batches).toBe(0)
  })

  it('gets the messages of several topics, whose headers are theirs', async () => {
    await using bench = await openBench(target)
    const other = await target.createTopic({ partitions: 1 })
    await bench.producer.sendBatch({
      topicMessages: [
        { topic: bench.topic, messages: [{ value: '1', headers: { header: 'one' } }] },
        { topic: other, messages: [{ value: '2', headers: { header: 'two' } }] },
      ],
    })
    const headers = new Map<string, unknown>()
    const reading = await bench.read(bench.consumer(), {
      topics: [bench.topic, other],
      handle: ({ topic, message }) => headers.set(topic, message.headers),
    })
    await reading.count(2)
    expect(Object.fromEntries(headers)).toEqual({
      [bench.topic]: { header: Buffer.from('one') },
      [other]: { header: Buffer.from('two') },
    })
  })

  it('gets bodies that this library has compressed as they were before', async () => {
    const { eventHubs } = target.config()
    await using bench = await openBench(target, { kafka: { eventHubs: { ...eventHubs, compression: 'body' } } })
    const values = numbers(20).map((value) => value.repeat(500))
    await bench.producer.send({
      topic: bench.topic,
      compression: CompressionTypes.GZIP,
      messages: values.map((value) => ({ value, partition: 0, headers: { h: 'x' } })),
    })
    const headers: unknown[] = []
    const reading = await bench.read(bench.consumer(), { handle: ({ message }) => headers.push(message.headers) })
    await reading.count(20)
    expect(reading.values()).toEqual(values)
    expect(headers[0]).toEqual({ h: Buffer.from('x') })
  })

  it('of a body whose codec is not registered crashes the consumer for good, with the codec’s name', async () => {
    const { eventHubs } = target.config()
    await using bench = await openBench(target, { kafka: { eventHubs: { ...eventHubs, compression: 'body' } } })
    const { Snappy } = CompressionTypes
    const unregistered = CompressionCodecs[Snappy]
    CompressionCodecs[Snappy] = () => ({
      compress: async (encoder: { buffer: Buffer }) => encoder.buffer,
      decompress: async (buffer: Buffer) => buffer,
    })
    try {
      await bench.producer.send({ topic: bench.topic, compression: Snappy, messages: [{ value: 'x' }] })
    } finally {
      CompressionCodecs[Snappy] = unregistered
    }
    const consumer = bench.consumer()
    const crashed = next<{ error: Error; restart: boolean }>(consumer, 'CRASH')
    await bench.read(consumer)
    const { error, restart } = await crashed
    expect(error).toMatchObject({ name: 'KafkaJSNotImplemented', message: expect.stringMatching(/snappy/i) })
    expect(restart).toBe(false)
  })

  it('gets what an idempotent producer has sent', async () => {
    await using bench = await openBench(target)
    const producer = bench.kafka.producer({ idempotent: true })
    await producer.connect()
    await producer.send({ topic: bench.topic, messages: numbers(50).map((value) => ({ value, partition: 0 })) })
    await producer.disconnect()
    const reading = await bench.read(bench.consumer())
    await reading.count(50)
    expect(reading.values()).toEqual(numbers(50))
  })

  it('is not called again once the consumer has been stopped, and after that goes on where it was', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(50))
    const consumer = bench.consumer()
    let stopped: Promise<void> | undefined
    const reading = await bench.read(consumer, {
      handle: ({ message }) => {
        if (message.offset === '9') stopped = consumer.stop()
      },
    })
    await eventually(() => expect(stopped).toBeDefined())
    await stopped
    expect(reading.values()).toEqual(numbers(10))
    expect(await bench.committed()).toEqual({ 0: '10' })
    const again = await bench.read(consumer)
    await again.count(40)
    expect(again.values()).toEqual(numbers(40, 10))
  })

  it('is waited for when the consumer disconnects', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    let finish = () => {}
    let finished = false
    const reading = await bench.read(consumer, {
      handle: async () => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        finished = true
      },
    })
    await reading.count(1)
    const disconnected = consumer.disconnect().then(() => finished)
    await sleep(100)
    finish()
    expect(await disconnected).toBe(true)
    expect(await bench.committed()).toEqual({ 0: '1' })
  })
})

describe('partitionsConsumedConcurrently', () => {
  /** Reads 6 partitions, with handlers that wait until as many run as are expected; gives the most that ran at once. */
  const most = async (concurrency: number | undefined, expected: number) => {
    await using bench = await openBench(target, { partitions: 6 })
    for (let partition = 0; partition < 6; partition++) await bench.send(['a', 'b'], partition)
    const busy = new Set<number>()
    let most = 0
    let clashes = 0
    const reading = await bench.read(bench.consumer(), {
      ...(concurrency !== undefined && { partitionsConsumedConcurrently: concurrency }),
      async handle({ partition }) {
        if (busy.has(partition)) clashes++
        busy.add(partition)
        most = Math.max(most, busy.size)
        await eventually(() => most >= expected)
        // Time for more than that to begin.
        await sleep(20)
        busy.delete(partition)
      },
    })
    await reading.count(12)
    expect(clashes).toBe(0)
    for (let partition = 0; partition < 6; partition++) expect(reading.values(partition)).toEqual(['a', 'b'])
    return most
  }

  it('is 1 unless told otherwise', async () => {
    expect(await most(undefined, 1)).toBe(1)
  })

  it('is how many partitions are handled at once, each of them in order', async () => {
    expect(await most(3, 3)).toBe(3)
  })

  it('is no more than there are partitions', async () => {
    expect(await most(20, 6)).toBe(6)
  })
})

describe('heartbeat', () => {
  it('is offered to the handler, and counts once per interval however many ask at once', async () => {
    await using bench = await openBench(target, { partitions: 4 })
    for (let partition = 0; partition < 4; partition++) await bench.send(['a'], partition)
    const heartbeatInterval = 500
    const consumer = bench.consumer({ heartbeatInterval })
    const { events } = listen(consumer, 'HEARTBEAT')
    const reading = await bench.read(consumer, {
      partitionsConsumedConcurrently: 4,
      async handle({ heartbeat }) {
        for (let i = 0; i < 24; i++) {
          await Promise.all([heartbeat(), heartbeat(), heartbeat()])
          await sleep(50)
        }
      },
    })
    await reading.count(4)
    await eventually(() => expect(events.length).toBeGreaterThan(1))
    await consumer.stop()
    const gaps = events.slice(1).map(({ timestamp }, i) => timestamp - (events[i]?.timestamp ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(heartbeatInterval - 20)
  })

  it('waits a first interval after joining', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer({ heartbeatInterval: 1000 })
    const joined = next(consumer, 'GROUP_JOIN').then(() => Date.now())
    const beat = next(consumer, 'HEARTBEAT').then(() => Date.now())
    await bench.read(consumer)
    expect((await beat) - (await joined)).toBeGreaterThan(500)
  })

  it('may be asked for after every message', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const consumer = bench.consumer({ heartbeatInterval: 0 })
    const { events } = listen(consumer, 'HEARTBEAT')
    const reading = await bench.read(consumer)
    await reading.count(10)
    await eventually(() => expect(events.length).toBeGreaterThanOrEqual(10))
    const asked = listen(consumer, 'REQUEST')
    await sleep(200)
    // The group is not looked at without a pause for that.
    expect(asked.events.length).toBeLessThan(30)
  })
})
