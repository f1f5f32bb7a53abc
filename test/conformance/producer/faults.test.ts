import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/emulator/index.js'
import { Kafka, type LogEntry } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'
import { scaled } from '../../support/pace.js'

const quickRetry = { initialRetryTime: 20, maxRetryTime: 100, retries: 8 }

describe('connect', () => {
  it('retries a refused connection and then rejects with it', async () => {
    const producer = new Kafka({
      brokers: ['localhost:1'],
      logLevel: 0,
      retry: { initialRetryTime: 10, retries: 2 },
    }).producer()
    await expect(producer.connect()).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      cause: { name: 'KafkaJSConnectionError', code: 'ECONNREFUSED' },
    })
  })

  it('gives up on a server that is silent after connectionTimeout', async () => {
    const silent = net.createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as net.AddressInfo
    const sockets = new Set<net.Socket>()
    silent.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
    try {
      const producer = new Kafka({
        brokers: [`localhost:${port}`],
        logLevel: 0,
        connectionTimeout: 200,
        retry: { retries: 0 },
      }).producer()
      const start = performance.now()
      await expect(producer.connect()).rejects.toMatchObject({ cause: { name: 'KafkaJSConnectionError' } })
      expect(performance.now() - start).toBeLessThan(scaled(2_000))
    } finally {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    }
  })

  it('rejects at once with a wrong key, and may be tried again', async () => {
    await using target = await openEmulator()
    const wrong = target.emulator.connectionString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=d3Jvbmc=')
    const producer = new Kafka(target.config({ eventHubs: { connectionString: wrong } })).producer()
    const start = performance.now()
    await expect(producer.connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError', retriable: false })
    expect(performance.now() - start).toBeLessThan(scaled(2_000))
    await expect(producer.connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  })
})

describe('a producer under faults', () => {
  it('backs off while the service is busy, and recovers', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(new Kafka(target.config({ retry: quickRetry, logLevel: 0 })).producer())
    await producer.connect()
    const fault = target.emulator.faults.throttle({ times: 4 })
    await expect(producer.send({ topic, messages: [{ value: 'x', partition: 0 }] })).resolves.toHaveLength(1)
    expect(fault.hits).toBe(4)
    expect(target.emulator.eventHubs.get(topic)?.events()).toHaveLength(1)
  })

  it('rejects with the last error when the service stays busy, and works when it is not any more', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    await using producer = disposable(
      new Kafka(target.config({ retry: { ...quickRetry, retries: 2 }, logLevel: 0 })).producer(),
    )
    await producer.connect()
    const fault = target.emulator.faults.throttle()
    await expect(producer.send({ topic, messages: [{ value: 'x', partition: 0 }] })).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      retryCount: 2,
      cause: { name: 'KafkaJSProtocolError', retriable: true },
    })
    expect(fault.hits).toBe(3)
    fault.clear()
    await expect(producer.send({ topic, messages: [{ value: 'y' }] })).resolves.toHaveLength(1)
  })

  it('gives a late send the retries of its own, whatever an earlier one has used up', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 2 })
    const retry = { initialRetryTime: 100, multiplier: 1, factor: 0, retries: 4 }
    await using producer = disposable(new Kafka(target.config({ retry, logLevel: 0 })).producer())
    await producer.connect()
    const condition = 'com.microsoft:server-busy'
    const refusal = target.emulator.faults.refuseAttach({ direction: 'send', partition: 0, condition })
    const send = (partition: number) => producer.send({ topic, messages: [{ value: 'v', partition }] })
    const first = send(0)
    const failed = expect(first).rejects.toMatchObject({ name: 'KafkaJSNumberOfRetriesExceeded' })
    await eventually(() => expect(refusal.hits).toBe(4))
    const late = [send(0), send(1)]
    await failed
    refusal.clear()
    await Promise.all(late)
  })

  it('sends again after connections and links are lost, in order', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 2 })
    await using producer = disposable(new Kafka(target.config({ retry: quickRetry, logLevel: 0 })).producer())
    await producer.connect()
    const sends: Promise<unknown>[] = []
    const burst = (from: number) => {
      for (let n = from; n < from + 500; n++) {
        sends.push(producer.send({ topic, messages: [{ value: String(n), partition: n % 2 }] }))
      }
    }
    for (const round of [0, 1, 2, 3]) {
      burst(round * 1000)
      await new Promise(setImmediate)
      if (round % 2 === 0) await target.emulator.faults.dropConnections()
      else await target.emulator.faults.detachLinks({ direction: 'send', condition: 'amqp:link:detach-forced' })
      burst(round * 1000 + 500)
      await Promise.all(sends)
    }
    for (const partition of target.emulator.eventHubs.get(topic)?.partitions ?? []) {
      // At least once: a batch whose acknowledgement was lost with the connection is there twice, as a whole.
      const values = partition.events().map(({ body }) => Number(body))
      const first = [...new Set(values)]
      expect(first).toEqual(first.toSorted((a, b) => a - b))
      expect(first).toHaveLength(2000)
    }
  })

  it('sends again what was stored but not acknowledged: at least once', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ retry: quickRetry, logLevel: 0 })).producer())
    await producer.connect()
    target.emulator.faults.loseDispositions({ times: 1 })
    await producer.send({ topic, messages: [{ value: 'x' }] })
    const values = target.emulator.eventHubs
      .get(topic)
      ?.events()
      .map(({ body }) => String(body))
    expect(values).toEqual(['x', 'x'])
  })

  it('waits no longer than requestTimeout for an acknowledgement', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const kafka = new Kafka(target.config({ requestTimeout: 300, retry: { retries: 0 }, logLevel: 0 }))
    await using producer = disposable(kafka.producer())
    const timeouts: unknown[] = []
    producer.on(producer.events.REQUEST_TIMEOUT, ({ payload }) => timeouts.push(payload))
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x' }] })
    const thaw = target.emulator.faults.freeze({ hub: topic, partition: 0 })
    await expect(producer.send({ topic, messages: [{ value: 'y' }] })).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: {
        name: 'KafkaJSRequestTimeoutError',
        message: expect.stringMatching(/^Request Produce\(.*\) timed out$/),
      },
    })
    expect(timeouts).toMatchObject([{ apiName: 'Produce', apiKey: 0 }])
    thaw()
    await expect(producer.send({ topic, messages: [{ value: 'z' }] })).resolves.toHaveLength(1)
  })

  it('waits no longer than the timeout of a send, and joins it with no send of another timeout', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    await using producer = disposable(new Kafka(target.config({ retry: { retries: 0 }, logLevel: 0 })).producer())
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x' }] })
    const thaw = target.emulator.faults.freeze({ hub: topic, partition: 0 })
    const short = producer.send({ topic, messages: [{ value: 'short' }], timeout: 100 })
    const long = producer.send({ topic, messages: [{ value: 'long' }] })
    await expect(short).rejects.toMatchObject({ cause: { type: 'REQUEST_TIMED_OUT', retriable: true } })
    thaw()
    await expect(long).resolves.toHaveLength(1)
  })

  it.each([1e12, Number.POSITIVE_INFINITY, 0, -1, Number.NaN, null])(
    'a timeout of %s is no reason to send twice, and none to fail',
    async (timeout) => {
      await using target = await openEmulator()
      const topic = await target.createTopic({ partitions: 1 })
      await using producer = disposable(new Kafka(target.config({ retry: { retries: 1 } })).producer())
      await producer.connect()
      await producer.send({ topic, messages: [{ value: 'warm' }] })
      target.emulator.faults.delayDispositions({ ms: 50, times: 1 })
      await producer.send({ topic, messages: [{ value: 'x' }], timeout: timeout as number })
      expect(target.emulator.eventHubs.get(topic)?.events()).toHaveLength(2)
    },
  )

  it('resolves at once with acks 0, and logs what was lost', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 1 })
    const entries: LogEntry[] = []
    await using producer = disposable(
      new Kafka(
        target.config({ retry: { retries: 0 }, logLevel: 1, logCreator: () => (entry) => entries.push(entry) }),
      ).producer(),
    )
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x' }] })
    const thaw = target.emulator.faults.freeze({ hub: topic, partition: 0 })
    expect(await producer.send({ topic, messages: [{ value: 'y' }], acks: 0 })).toEqual([])
    thaw()
    await eventually(() => expect(target.emulator.eventHubs.get(topic)?.events()).toHaveLength(2))
    const fault = target.emulator.faults.throttle()
    expect(await producer.send({ topic, messages: [{ value: 'z' }], acks: 0 })).toEqual([])
    await eventually(() =>
      expect(entries.map(({ log }) => log.message)).toContainEqual(
        expect.stringContaining('Messages sent with acks 0 were lost'),
      ),
    )
    fault.clear()
  })

  it('sends what it has accepted before it disconnects, with acks 0 too', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic()
    const producer = new Kafka(target.config({ retry: quickRetry, logLevel: 0 })).producer()
    await producer.connect()
    target.emulator.faults.throttle({ times: 3 })
    const sends = Array.from({ length: 100 }, (_, n) =>
      producer.send({ topic, messages: [{ value: String(n) }], acks: n % 2 === 0 ? 0 : -1 }),
    )
    await producer.disconnect()
    expect(target.emulator.eventHubs.get(topic)?.events()).toHaveLength(100)
    expect((await Promise.all(sends)).map((result) => result.length)).toEqual(sends.map((_, n) => n % 2))
  })

  it('fails all that waits on a partition together when its link does not open', async () => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 2 })
    await using producer = disposable(
      new Kafka(target.config({ retry: { ...quickRetry, retries: 3 }, logLevel: 0 })).producer(),
    )
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x', partition: 0 }] })
    const fault = target.emulator.faults.refuseAttach({ hub: topic, partition: 1, condition: 'amqp:internal-error' })
    const start = performance.now()
    const sends = Array.from({ length: 50 }, () => producer.send({ topic, messages: [{ value: 'y', partition: 1 }] }))
    const healthy = producer.send({ topic, messages: [{ value: 'z', partition: 0 }] })
    const outcomes = await Promise.allSettled(sends)
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - start).toBeLessThan(scaled(5_000))
    await expect(healthy).resolves.toHaveLength(1)
    fault.clear()
    await expect(producer.send({ topic, messages: [{ value: 'w', partition: 1 }] })).resolves.toHaveLength(1)
  })

  it.each([false, true])('disconnects within requestTimeout whatever hangs (idempotent: %s)', async (idempotent) => {
    await using target = await openEmulator()
    const topic = await target.createTopic({ partitions: 2 })
    const kafka = new Kafka(target.config({ requestTimeout: 400, logLevel: 0 }))
    const producer = kafka.producer({ idempotent })
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'x', partition: 0 }] })
    const thaw = target.emulator.faults.freeze({ hub: topic, partition: 0 })
    target.emulator.faults.refuseAttach({ hub: topic, partition: 1, condition: 'com.microsoft:server-busy' })
    const sends = [0, 0, 1].map((partition) => producer.send({ topic, messages: [{ value: 'y', partition }] }))
    const outcomes = Promise.allSettled(sends)
    const start = performance.now()
    await producer.disconnect()
    expect(performance.now() - start).toBeLessThan(scaled(2000))
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: expect.stringMatching(/^KafkaJS/) } })
    }
    thaw()
  })
})

it('an event hub that has come to take less refuses what is too large for it, and nothing that waits beside it', async () => {
  const eventHubs = [{ name: 'orders', partitionCount: 1 }]
  const before = await startEmulator({ eventHubs })
  const { port } = before
  const kafka = new Kafka({ ...before.kafkaConfig({ clientId: 'smaller' }), logLevel: 0 })
  await using producer = disposable(kafka.producer({ retry: quickRetry }))
  await producer.connect()
  const large = Buffer.alloc(900_000)
  const send = (...values: (string | Buffer)[]) =>
    producer.send({ topic: 'orders', messages: values.map((value) => ({ value })) })
  await send(large)
  await before.close()

  await using after = await startEmulator({ port, eventHubs, maxMessageSizeInBytes: 262_144 })
  // One transfer, as far as the producer knows.
  const sends = [send('a', 'b'), send(large), send('c'), send('d')]
  const outcomes = await Promise.allSettled(sends)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { type: 'MESSAGE_TOO_LARGE', retriable: false } })
  const stored = after.eventHubs.get('orders')?.events() ?? []
  expect(stored.map(({ body }) => String(body))).toEqual(['a', 'b', 'c', 'd'])
  // What it takes now is known before anything is sent.
  await expect(send(large)).rejects.toThrow('larger than the 262144 bytes')
})
