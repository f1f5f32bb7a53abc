import { expect, it } from 'vitest'
import { readDiagnostics } from '../../../src/diagnostics.js'
import { Kafka, KafkaJSNonRetriableError, logLevel, memoryCheckpointStore } from '../../../src/index.js'
import { createDeferred } from '../../../src/util/deferred.js'
import { numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

/** The first of each kind, which must be there. */
function first<T>(list: readonly T[]): T {
  if (!list[0]) throw new Error('There is none')
  return list[0]
}

it('a lag is told, falls, and its partition tells of the trouble it had', async () => {
  await using target = await openEmulator()
  await using bench = await openBench(target)
  const { emulator } = target
  const gate = createDeferred()
  const consumer = bench.consumer()
  await bench.send(numbers(10))
  const reading = await bench.read(consumer, { handle: () => gate.promise })
  const partition = () => first(first(readDiagnostics(bench.kafka).consumers).partitions)

  await reading.count(1)
  await eventually(() => expect(partition()).toMatchObject({ highWatermark: '10' }))
  expect(partition()).toMatchObject({ topic: bench.topic, partition: 0, lag: 10, link: 'open', links: 1, retries: 0 })
  expect(partition()).toMatchObject({ lastError: null, isPaused: false })
  gate.resolve()
  await eventually(() => expect(partition()).toMatchObject({ position: '10', committedOffset: '10', lag: 0 }))

  const refusal = emulator.faults.refuseAttach({ condition: 'com.microsoft:server-busy' })
  await emulator.faults.detachLinks({ direction: 'receive' })
  await eventually(() => expect(partition().retries).toBeGreaterThan(1))
  const { lastError, link } = partition()
  expect(link).not.toBe('open')
  expect(lastError).toMatchObject({ name: 'KafkaJSProtocolError', type: 'REQUEST_TIMED_OUT' })
  expect(Date.now() - (lastError?.timestamp ?? 0)).toBeLessThan(60_000)
  refusal.clear()
  await eventually(() => expect(partition()).toMatchObject({ link: 'open', links: 2 }))
  // It stays to be read.
  expect(partition().lastError).not.toBeNull()

  await emulator.faults.dropConnections()
  await eventually(() => expect(partition().links).toBe(3))
  const { connection, state, groupId, memberId } = first(readDiagnostics(bench.kafka).consumers)
  expect({ state, groupId }).toEqual({ state: 'running', groupId: bench.groupId })
  expect(memberId).toMatch(/^test-/)
  expect(connection).toMatchObject({ state: 'connected', broker: expect.stringContaining(':') })
  expect(connection.lost).toBeGreaterThan(0)
  expect(connection.opened).toBeGreaterThan(connection.open)
  expect(partition().leaseAgeInMs).toBeGreaterThanOrEqual(0)
})

it('a producer tells what waits, what is under way, and how long it was told to wait', async () => {
  await using target = await openEmulator()
  await using bench = await openBench(target)
  const producer = () => first(readDiagnostics(bench.kafka).producers)
  await bench.send(['first'])
  expect(producer()).toMatchObject({ queuedMessages: 0, queuedBytes: 0, inFlight: 0, retries: 0, isIdempotent: false })

  const thaw = target.emulator.faults.freeze({ hub: bench.topic, partition: 0 })
  const sends = [bench.send(['under way'])]
  await eventually(() => expect(producer()).toMatchObject({ inFlight: 1, queuedMessages: 0 }))
  sends.push(bench.send(['waits', 'too']), bench.send(['as well']))
  expect(producer()).toMatchObject({ inFlight: 1, queuedMessages: 3 })
  expect(first(producer().partitions)).toMatchObject({ topic: bench.topic, partition: 0, inFlight: 1 })
  expect(producer().queuedBytes).toBeGreaterThan(3 * 'waits'.length)
  thaw()
  await Promise.all(sends)
  expect(producer()).toMatchObject({ inFlight: 0, queuedMessages: 0, queuedBytes: 0, throttledTimeInMs: 0 })

  target.emulator.faults.throttle({ times: 1 })
  await bench.send(['again'])
  expect(producer().retries).toBe(1)
  expect(producer().throttledTimeInMs).toBeGreaterThan(0)
  expect(first(producer().partitions).lastError?.message).toMatch(/throttled/)
})

it('a send that waits for its topic is in the queue', async () => {
  await using target = await openEmulator()
  await using bench = await openBench(target)
  const thaw = target.emulator.faults.delayDispositions({ ms: 1 })
  const sending = bench.send(['hello'])
  expect(first(readDiagnostics(bench.kafka).producers)).toMatchObject({ queuedMessages: 1, partitions: [] })
  await sending
  thaw.clear()
})

it('the calls of the store are counted by kind, and their failures', async () => {
  await using target = await openEmulator()
  const memory = memoryCheckpointStore()
  let isAway = false
  const checkpointStore = {
    ...memory,
    updateCheckpoint: async (...args: Parameters<typeof memory.updateCheckpoint>) => {
      if (isAway) throw new Error('The store is away')
      return memory.updateCheckpoint(...args)
    },
  }
  const config = target.config()
  await using bench = await openBench(target, { kafka: { eventHubs: { ...config.eventHubs, checkpointStore } } })
  expect(readDiagnostics(bench.kafka).checkpointStore).toBeNull()
  const reading = await bench.read(bench.consumer(), {})
  const call = (name: string) =>
    readDiagnostics(bench.kafka).checkpointStore?.calls.find(({ method }) => method === name)
  await bench.send(['a'])
  await reading.count(1)
  await eventually(() => expect(call('updateCheckpoint')?.calls).toBeGreaterThan(0))
  expect(call('updateCheckpoint')).toMatchObject({ errors: 0 })
  isAway = true
  await bench.send(['b'])
  await eventually(() => expect(call('updateCheckpoint')?.errors).toBeGreaterThan(0))
  expect(readDiagnostics(bench.kafka).checkpointStore?.lastError?.message).toBe('The store is away')
  const partition = first(first(readDiagnostics(bench.kafka).consumers).partitions)
  expect(partition).toMatchObject({ lastError: { message: expect.stringContaining('The store is away') } })
  isAway = false
  await eventually(() =>
    expect(first(first(readDiagnostics(bench.kafka).consumers).partitions).committedOffset).toBe('2'),
  )
  const { slowestInMs = 0, timeInMs = 0 } = call('claimOwnership') ?? {}
  expect(timeInMs).toBeGreaterThanOrEqual(slowestInMs)
  expect(slowestInMs).toBeGreaterThan(0)
})

it('a consumer that has crashed for good is told of until it is disconnected', async () => {
  await using target = await openEmulator()
  await using bench = await openBench(target)
  const consumer = bench.consumer()
  await bench.send(['a'])
  await bench.read(consumer, {
    handle: () => {
      throw new KafkaJSNonRetriableError('No way')
    },
  })
  const consumers = () => readDiagnostics(bench.kafka).consumers
  await eventually(() => expect(consumers()).toMatchObject([{ state: 'crashed' }]))
  expect(consumers()).toMatchObject([
    { crashes: 1, lastError: { message: expect.stringContaining('No way') }, connection: { state: 'disconnected' } },
  ])
  await consumer.disconnect()
  expect(consumers()).toEqual([])
})

it('clients that have disconnected leave, and the snapshot is plain', async () => {
  await using target = await openEmulator()
  const topic = await target.createTopic({ partitions: 1 })
  const kafka = new Kafka(target.config())
  const [producer, consumer, admin] = [kafka.producer(), kafka.consumer({ groupId: 'g' }), kafka.admin()]
  const counts = () => {
    const { producers, consumers, admins } = readDiagnostics(kafka)
    return [producers.length, consumers.length, admins.length]
  }
  expect(counts()).toEqual([0, 0, 0])
  await Promise.all([producer.connect(), consumer.connect(), admin.connect()])
  await producer.send({ topic, messages: [{ value: 'a' }] })
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async () => undefined })
  expect(counts()).toEqual([1, 1, 1])
  const snapshot = readDiagnostics(kafka)
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot)
  await Promise.all([producer.disconnect(), consumer.disconnect(), admin.disconnect()])
  expect(counts()).toEqual([0, 0, 0])
})

it('a client that connects in vain tells why', async () => {
  const kafka = new Kafka({
    brokers: ['localhost:1'],
    logLevel: logLevel.NOTHING,
    retry: { retries: 50, initialRetryTime: 20, maxRetryTime: 20 },
  })
  const producer = kafka.producer()
  const connecting = producer.connect()
  await eventually(() =>
    expect(readDiagnostics(kafka).producers).toMatchObject([
      { connection: { state: 'connecting', lastError: { name: 'KafkaJSConnectionError' } } },
    ]),
  )
  await producer.disconnect()
  await connecting
  expect(readDiagnostics(kafka).producers).toEqual([])
})

it('what is no Kafka of this package is refused', () => {
  const other = { producer: () => undefined, consumer: () => undefined, admin: () => undefined }
  expect(() => readDiagnostics(other as never)).toThrow(KafkaJSNonRetriableError)
  expect(() => readDiagnostics(undefined as never)).toThrow(/new Kafka/)
})
