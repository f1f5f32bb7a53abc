import { describe, expect, it } from 'vitest'
import { readDiagnostics } from '../../../src/diagnostics.js'
import { Kafka, logLevel } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('sends that are not awaited', () => {
  it('cost, beside what the program gave, one transfer for each partition', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const kafka = new Kafka(target.config({ requestTimeout: 1500, logLevel: logLevel.NOTHING }))
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'first' }] })
    target.emulator.faults.freeze({ hub: topic, partition: 0 })
    const value = Buffer.alloc(500_000)
    const before = process.memoryUsage().arrayBuffers
    const sends = Promise.allSettled(numbers(80).map(() => producer.send({ topic, messages: [{ value }] })))
    await eventually(() => expect(readDiagnostics(kafka).producers[0]).toMatchObject({ inFlight: 1 }))
    expect(readDiagnostics(kafka).producers[0]?.queuedBytes).toBeGreaterThan(75 * value.length)
    // The transfer, what the emulator has of it, and room to use again: not 40 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * value.length)
    // What is not stored in time is not waited for any longer, and fails.
    await producer.disconnect()
    for (const { status } of await sends) expect(status).toBe('rejected')
  })

  it('reach the event hub in order and in few transfers', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()

    const count = 20_000
    const results = await Promise.all(
      numbers(count).map((n) => producer.send({ topic, messages: [{ value: String(n), partition: n % 4 }] })),
    )

    expect(results.every((result, n) => result.length === 1 && result[0]?.partition === n % 4)).toBe(true)
    for (const partition of target.emulator.eventHubs.get(topic)?.partitions ?? []) {
      const expected = numbers(count / 4).map((n) => n * 4 + Number(partition.id))
      expect(partition.events().map(({ body }) => Number(body))).toEqual(expected)
    }
    expect(target.emulator.stats.transfersReceived).toBeLessThan(count / 100)
  })

  it('keep their order when a transfer among them has to be repeated', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ retry: { initialRetryTime: 10 } })).producer())
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'first' }] })
    target.emulator.faults.throttle({ times: 2 })

    // Each round waits behind the transfer of the one before.
    const sends: Promise<unknown>[] = []
    for (let n = 0; n < 300; n++) {
      sends.push(producer.send({ topic, messages: [{ value: String(n) }] }))
      if (n % 100 === 0) await new Promise(setImmediate)
    }
    await Promise.all(sends)
    const values = target.emulator.eventHubs
      .get(topic)
      ?.events()
      .map(({ body }) => String(body))
    expect(values).toEqual(['first', ...numbers(300).map(String)])
  })

  it('keep their order from the very first, over several topics', async () => {
    await using target = await openEmulator()
    const topics = [await target.createTopic({ partitions: 1 }), await target.createTopic({ partitions: 1 })] as const
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()
    const entry = (topic: string, n: number) => ({ topic, messages: [{ value: String(n) }] })
    await Promise.all(
      numbers(100).map((n) =>
        n % 3 === 0
          ? producer.sendBatch({ topicMessages: topics.map((topic) => entry(topic, n)) })
          : producer.send(entry(topics[n % 3 === 1 ? 0 : 1], n)),
      ),
    )
    const values = (topic: string) =>
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ body }) => Number(body))
    expect(values(topics[0])).toEqual(numbers(100).filter((n) => n % 3 !== 2))
    expect(values(topics[1])).toEqual(numbers(100).filter((n) => n % 3 !== 1))
  })

  it('settle each with its own outcome when one message is too large', async () => {
    await using target = await openEmulator({ maxMessageSizeInBytes: 20_000 })
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()
    // From clearly too large over the closest calls to clearly fine.
    const sizes = [5_000, 25_000, 5_000, ...numbers(200).map((n) => 19_850 + n), 5_000]
    const outcomes = await Promise.allSettled(
      sizes.map((size) => producer.send({ topic, messages: [{ value: Buffer.alloc(size) }] })),
    )
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    for (const error of failed) {
      expect(error).toMatchObject({
        name: 'KafkaJSProtocolError',
        type: 'MESSAGE_TOO_LARGE',
        code: 10,
        retriable: false,
      })
    }
    const stored = sizes.filter((_, index) => outcomes[index]?.status === 'fulfilled')
    expect(
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ body }) => body.length),
    ).toEqual(stored)
    // The largest that fits and the smallest that does not are neighbours.
    const largest = Math.max(...stored)
    expect(largest).toBeGreaterThan(19_850)
    expect(largest).toBeLessThan(20_000)
    expect(stored.filter((size) => size >= 19_850)).toEqual(numbers(largest - 19_849).map((n) => 19_850 + n))
  })

  it('store nothing of a send that has a message too large, in no partition', async () => {
    await using target = await openEmulator({ maxMessageSizeInBytes: 20_000 })
    const topic = await target.createTopic({ partitions: 2 })
    await using producer = disposable(new Kafka(target.config()).producer())
    await producer.connect()
    const small = numbers(10).map((n) => ({ value: Buffer.alloc(9_000), partition: n % 2 }))
    const messages = [...small, { value: Buffer.alloc(30_000), partition: 1 }]
    await expect(producer.send({ topic, messages })).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
    expect(target.emulator.eventHubs.get(topic)?.events()).toEqual([])
    await expect(producer.send({ topic, messages: small })).resolves.toHaveLength(2)
  })

  it('may have several transfers of a partition in flight when asked to', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config()).producer({ maxInFlightRequests: 4 }))
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'first' }] })
    target.emulator.faults.delayDispositions({ ms: 2000, times: 4 })
    const { transfersReceived } = target.emulator.stats
    const sends: Promise<unknown>[] = []
    let acknowledged = 0
    for (const n of numbers(4)) {
      sends.push(producer.send({ topic, messages: [{ value: String(n) }] }).then(() => acknowledged++))
      await eventually(() => expect(target.emulator.stats.transfersReceived).toBe(transfersReceived + n + 1))
    }
    expect(acknowledged).toBe(0)
    await Promise.all(sends)
    expect(
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ body }) => String(body)),
    ).toEqual(['first', '0', '1', '2', '3'])
  })
})
