import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

type Entries = Parameters<Consumer['pause']>[0]

describe.each(['pause', 'resume'] as const)('%s', (verb) => {
  it.each([
    ['a topic that is none', [null], 'Invalid topic null'],
    ['a topic without a name', [{ topic: '' }], 'Invalid topic [object Object]'],
    [
      'partitions that are no list',
      [{ topic: 't', partitions: 3 }],
      `Array of valid partitions required to ${verb} specific partitions instead of 3`,
    ],
    [
      'partitions that are no numbers',
      [{ topic: 't', partitions: ['x'] }],
      `Array of valid partitions required to ${verb} specific partitions instead of x`,
    ],
  ])('refuses %s', async (_, entries, message) => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const refused = () =>
      expect(() => consumer[verb](entries as unknown as Entries)).toThrow(
        expect.objectContaining({ name: 'KafkaJSNonRetriableError', message }),
      )
    refused()
    await bench.read(consumer)
    refused()
  })

  it('is refused before run(), for nothing at all as well', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const message = 'Consumer group was not initialized, consumer#run must be called first'
    expect(() => consumer[verb]([{ topic: 't' }])).toThrow(message)
    expect(() => consumer[verb]([])).toThrow(message)
  })
})

describe('paused', () => {
  it('is empty before run() and after stop()', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    expect(consumer.paused()).toEqual([])
    await bench.read(consumer)
    consumer.pause([{ topic: bench.topic }])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0] }])
    await consumer.stop()
    expect(consumer.paused()).toEqual([])
    await bench.read(consumer)
    expect(consumer.paused()).toEqual([])
  })

  it('tells of partitions that are paused and assigned, in order', async () => {
    await using bench = await openBench(target, { partitions: 12 })
    const consumer = bench.consumer()
    await bench.read(consumer)
    consumer.pause([{ topic: bench.topic, partitions: [11, 2, 40, 0] }, { topic: 'elsewhere' }])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0, 2, 11] }])
    consumer.resume([{ topic: bench.topic, partitions: [2] }])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0, 11] }])
  })
})

describe('a paused topic', () => {
  it('is not read, until it is resumed; others go on', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const other = await target.createTopic({ partitions: 1 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { topics: [bench.topic, other] })
    await bench.send(['a'], 0)
    await bench.send(['b'], 1)
    await reading.count(2)
    consumer.pause([{ topic: bench.topic }])
    await bench.send(['c'], 0)
    await bench.send(['d'], 1)
    await bench.send(['e'], 0, other)
    await reading.count(3)
    expect(reading.values().slice(2)).toEqual(['e'])
    consumer.resume([{ topic: bench.topic }])
    await reading.count(5)
    expect(reading.values().slice(3).sort()).toEqual(['c', 'd'])
  })

  it('may be paused right after run(), which is not awaited', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const values: string[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    const running = consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    consumer.pause([{ topic: bench.topic }])
    await running
    await sleep(200)
    expect(values).toEqual([])
    consumer.resume([{ topic: bench.topic }])
    await eventually(() => expect(values).toEqual(['a']))
  })

  it('does not keep FETCH_START and FETCH from being told, every maxWaitTimeInMs', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer({ maxWaitTimeInMs: 100 })
    await bench.read(consumer)
    consumer.pause([{ topic: bench.topic }])
    const { names } = listen(consumer, 'FETCH_START', 'FETCH')
    await eventually(() => expect(names().filter((name) => name === 'FETCH').length).toBeGreaterThan(3))
    expect(names()).toContain('FETCH_START')
  })
})

describe('a paused partition', () => {
  it('is not read, until it is resumed; the others of its topic go on', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    consumer.pause([{ topic: bench.topic, partitions: [0] }])
    for (const partition of [0, 1]) await bench.send(numbers(3), partition)
    await reading.count(3)
    expect([reading.values(0), reading.values(1)]).toEqual([[], numbers(3)])
    consumer.resume([{ topic: bench.topic, partitions: [0] }])
    await reading.count(6)
    expect(reading.values(0)).toEqual(numbers(3))
  })

  it('out of a paused topic is read when it is resumed', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    consumer.pause([{ topic: bench.topic }])
    consumer.resume([{ topic: bench.topic, partitions: [1] }])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0] }])
    for (const partition of [0, 1]) await bench.send(['x'], partition)
    await reading.count(1)
    expect([reading.values(0), reading.values(1)]).toEqual([[], ['x']])
  })

  it('keeps what was fetched of it from the handler', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(50))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, {
      handle({ message }) {
        if (message.offset === '9') consumer.pause([{ topic: bench.topic, partitions: [0] }])
      },
    })
    await reading.count(10)
    await sleep(200)
    expect(reading.values()).toEqual(numbers(10))
    // The message at hand counts as handled.
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10' }))
    consumer.resume([{ topic: bench.topic, partitions: [0] }])
    await reading.count(50)
    expect(reading.values()).toEqual(numbers(50))
  })

  it('can be paused by the handler’s own pause(), whose result resumes it', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    for (const partition of [0, 1]) await bench.send(numbers(3), partition)
    const consumer = bench.consumer()
    let resume = () => {}
    const reading = await bench.read(consumer, {
      handle({ partition, message, pause }) {
        if (partition === 0 && message.offset === '0') resume = pause()
      },
    })
    await reading.count(4)
    await sleep(200)
    expect([reading.values(0), reading.values(1)]).toEqual([['0'], numbers(3)])
    expect(consumer.paused()).toEqual([{ topic: bench.topic, partitions: [0] }])
    resume()
    await reading.count(6)
    expect(reading.values(0)).toEqual(numbers(3))
  })

  it.each([
    ['its topic', true],
    ['itself', false],
  ])('by a handler that pauses %s and throws gets the same message again once resumed', async (_, wholeTopic) => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const entries = [{ topic: bench.topic, ...(wholeTopic ? {} : { partitions: [0] }) }]
    let thrown = false
    const reading = await bench.read(consumer, {
      handle({ message }) {
        if (message.offset !== '1' || thrown) return
        thrown = true
        consumer.pause(entries)
        throw new Error('too much at the moment')
      },
    })
    await reading.count(2)
    await sleep(200)
    expect(reading.values()).toEqual(['0', '1'])
    consumer.resume(entries)
    await reading.count(4)
    expect(reading.values()).toEqual(['0', '1', '1', '2'])
  })

  it('in eachBatch goes on behind what was resolved', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const consumer = bench.consumer()
    let resume: (() => void) | undefined
    const handed: string[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      eachBatchAutoResolve: false,
      async eachBatch({ batch, resolveOffset, pause }) {
        for (const { offset, value } of batch.messages) {
          handed.push(String(value))
          resolveOffset(offset)
          if (offset === '4' && !resume) {
            resume = pause()
            break
          }
        }
      },
    })
    await eventually(() => expect(resume).toBeDefined())
    await sleep(200)
    expect(handed).toEqual(numbers(5))
    resume?.()
    await eventually(() => expect(handed).toEqual(numbers(10)))
  })
})
