import { Kafka, type LogEntry, logLevel, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, openBench, quick } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareEmulator } from '../../support/shared-target.js'

/** Most public programs await nothing: each call has to count when the next one is made. */

const target = shareEmulator()

/** A consumer that notes what it handles, and the run that has it do so. */
function notingConsumer(bench: Bench) {
  const consumer = bench.consumer()
  const values: string[] = []
  const run = () => consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
  const subscribe = () => consumer.subscribe({ topic: bench.topic, fromBeginning: true })
  return { consumer, values, run, subscribe }
}

describe('called, not awaited, then the next', () => {
  it('connect, subscribe, run reads', async () => {
    await using bench = await openBench(target)
    await bench.send(['a', 'b'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    const all = [consumer.connect(), subscribe(), run()]
    await eventually(() => expect(values).toEqual(['a', 'b']))
    await Promise.all(all)
  })

  it('connect().then(subscribe, run) reads', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    await consumer.connect().then(() => {
      void subscribe()
      void run()
    })
    await eventually(() => expect(values).toEqual(['a']))
  })

  it('subscribe with a regular expression, run reads', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run } = notingConsumer(bench)
    void consumer.subscribe({ topic: new RegExp(`^${bench.topic}$`), fromBeginning: true })
    void run()
    await eventually(() => expect(values).toEqual(['a']))
  })

  it('subscribe to a topic that is created, run reads it', async () => {
    await using bench = await openBench(target)
    const topic = `${bench.topic}-new`
    const { consumer, values, run } = notingConsumer(bench)
    void consumer.subscribe({ topic, fromBeginning: true })
    await run()
    await bench.send(['a'], 0, topic)
    await eventually(() => expect(values).toEqual(['a']))
  })

  it('run, subscribe refuses', async () => {
    await using bench = await openBench(target)
    const { run, subscribe } = notingConsumer(bench)
    const running = run()
    await expect(subscribe()).rejects.toThrow('Cannot subscribe to topic while consumer is running')
    await running
  })

  it('run, seek begins there', async () => {
    await using bench = await openBench(target)
    await bench.send(['a', 'b', 'c'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    void subscribe()
    void run()
    consumer.seek({ topic: bench.topic, partition: 0, offset: '2' })
    await eventually(() => expect(values).toEqual(['c']))
  })

  it('run, pause, resume reads nothing before the resume', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    void subscribe()
    const running = run()
    consumer.pause([{ topic: bench.topic }])
    await running
    await bench.send(['b'])
    expect(values).toEqual([])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0] }])
    consumer.resume([{ topic: bench.topic }])
    await eventually(() => expect(values).toEqual(['a', 'b']))
  })

  it('run, commitOffsets resolves and commits nothing', async () => {
    await using bench = await openBench(target)
    const { consumer, run, subscribe } = notingConsumer(bench)
    void subscribe()
    const running = run()
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '7' }])
    await running
    expect(await bench.committed()).not.toEqual({ 0: '7' })
  })

  it('run, stop ends without having read', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    void subscribe()
    const running = run()
    await consumer.stop()
    await running
    expect(values).toEqual([])
  })

  it('run, run joins once and warns', async () => {
    await using bench = await openBench(target)
    const { consumer, run, subscribe } = notingConsumer(bench)
    const { names } = listen(consumer, 'GROUP_JOIN')
    void subscribe()
    await Promise.all([run(), run()])
    expect(names()).toEqual(['GROUP_JOIN'])
  })

  it('stop, subscribe, run reads again', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    void subscribe()
    await run()
    await eventually(() => expect(values).toEqual(['a']))
    void consumer.stop()
    void subscribe()
    void run()
    await bench.send(['b'])
    await eventually(() => expect(values).toEqual(['a', 'b']))
  })

  it('disconnect, connect, run reads again', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const { consumer, values, run, subscribe } = notingConsumer(bench)
    void subscribe()
    await run()
    await eventually(() => expect(values).toEqual(['a']))
    void consumer.disconnect()
    void consumer.connect()
    void run()
    await bench.send(['b'])
    await eventually(() => expect(values).toEqual(['a', 'b']))
  })

  it('on, run tells of what comes', async () => {
    await using bench = await openBench(target)
    const { consumer, run, subscribe } = notingConsumer(bench)
    void subscribe()
    const running = run()
    const { names } = listen(consumer, 'CONNECT', 'GROUP_JOIN')
    await running
    expect(names()).toEqual(['CONNECT', 'GROUP_JOIN'])
  })

  it('a producer’s connect, send rejects like kafkajs’s', async () => {
    await using bench = await openBench(target)
    const producer = bench.kafka.producer()
    const connecting = producer.connect()
    await expect(producer.send({ topic: bench.topic, messages: [{ value: 'a' }] })).rejects.toMatchObject({
      name: 'KafkaJSError',
      message: 'The producer is disconnected',
    })
    await connecting
    await producer.disconnect()
  })
})

describe('a run that has joined with nothing to read', () => {
  let entries: LogEntry[] = []
  const idle = () => entries.map(({ log }) => log.message).filter((message) => message.includes('nothing to read'))

  const warningsOf = async (act: (kafka: Kafka, topic: string) => Promise<{ disconnect(): Promise<void> }[]>) => {
    entries = []
    const topic = await target.createTopic({ partitions: 1 })
    const eventHubs = { ...target.config().eventHubs, checkpointStore: memoryCheckpointStore() }
    const logCreator = () => (entry: LogEntry) => void entries.push(entry)
    const consumers = await act(
      new Kafka({ ...target.config({ eventHubs }), logLevel: logLevel.WARN, logCreator }),
      topic,
    )
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    return idle()
  }

  it('because of no subscription says so', async () => {
    const warnings = await warningsOf(async (kafka) => {
      const consumer = kafka.consumer({ groupId: 'g', ...quick })
      await consumer.run({ eachMessage: async () => undefined })
      return [consumer]
    })
    expect(warnings).toEqual([expect.stringContaining('subscribed to no topic')])
  })

  it('because of no handler says so', async () => {
    const warnings = await warningsOf(async (kafka, topic) => {
      const consumer = kafka.consumer({ groupId: 'g', ...quick })
      await consumer.subscribe({ topic })
      await consumer.run()
      return [consumer]
    })
    expect(warnings).toEqual([expect.stringContaining('no handler')])
  })

  it('because of no partition says so', async () => {
    const warnings = await warningsOf(async (kafka, topic) => {
      const consumers = [1, 2].map(() => kafka.consumer({ groupId: 'g', ...quick }))
      for (const consumer of consumers) {
        await consumer.subscribe({ topic })
        await consumer.run({ eachMessage: async () => undefined })
      }
      // Which of the two it is depends on their ids; the first one has to be told to let go.
      await eventually(() => idle().length > 0)
      return consumers
    })
    expect(warnings).toEqual([expect.stringContaining('no partition')])
  })
})

it('subscribe() that disconnect() ends resolves, as in kafkajs', async () => {
  const kafka = new Kafka({
    brokers: ['localhost:1'],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 60_000, retries: 5 },
  })
  const consumer = kafka.consumer({ groupId: 'unawaited' })
  const subscribing = consumer.subscribe({ topic: 'orders' })
  await consumer.disconnect()
  await expect(subscribing).resolves.toBeUndefined()
})
