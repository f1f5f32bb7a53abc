import type { Consumer } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, numbers, openBench, refusedPositions } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { scaled } from '../../support/pace.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

type Seek = Parameters<Consumer['seek']>[0]

describe('seek', () => {
  it.each([
    ...refusedPositions,
    ['an offset before earliest', { topic: 't', partition: 0, offset: '-3' }, 'Offset must not be a negative number'],
  ])('refuses %s', async (_, seek, message) => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    expect(() => consumer.seek(seek as unknown as Seek)).toThrow(
      expect.objectContaining({ name: 'KafkaJSNonRetriableError', message }),
    )
  })

  it('called right after run(), which is not awaited, decides where reading begins', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const values: string[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    const running = consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    expect(consumer.seek({ topic: bench.topic, partition: 0, offset: '3' })).toBeUndefined()
    await running
    await eventually(() => expect(values).toEqual(['3', '4']))
  })

  it('moves one partition and leaves the others', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await bench.send(numbers(3), 0)
    await bench.send(numbers(3), 1)
    const consumer = bench.consumer()
    const running = bench.read(consumer)
    await eventually(() => {
      consumer.seek({ topic: bench.topic, partition: 1, offset: '2' })
      return true
    })
    const reading = await running
    await reading.count(4)
    expect([reading.values(0), reading.values(1)]).toEqual([numbers(3), ['2']])
  })

  it('while running goes back, and forward', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(5)
    consumer.seek({ topic: bench.topic, partition: 0, offset: '1' })
    await reading.count(9)
    expect(reading.values()).toEqual([...numbers(5), ...numbers(4, 1)])
  })

  it('counts once per partition: the last one', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const running = bench.read(consumer)
    await eventually(() => {
      for (const offset of ['0', '1', '4']) consumer.seek({ topic: bench.topic, partition: 0, offset })
      return true
    })
    const reading = await running
    await reading.count(1)
    await bench.send(['end'])
    await reading.count(2)
    expect(reading.values()).toEqual(['4', 'end'])
  })

  it('takes numbers and bigints for offsets', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(5)
    consumer.seek({ topic: bench.topic, partition: 0, offset: 4 } as never)
    await reading.count(6)
    consumer.seek({ topic: bench.topic, partition: 0, offset: 3n } as never)
    await reading.count(8)
    expect(reading.values().slice(5)).toEqual(['4', '3', '4'])
  })

  it('commits where it went, without an event', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(5)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '5' }))
    const { events } = listen(consumer, 'COMMIT_OFFSETS')
    consumer.pause([{ topic: bench.topic }])
    consumer.seek({ topic: bench.topic, partition: 0, offset: '2' })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2' }))
    expect(events).toEqual([])
  })

  it('commits nothing with autoCommit off, and may be repeated', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommit: false })
    await reading.count(3)
    consumer.seek({ topic: bench.topic, partition: 0, offset: '1' })
    await reading.count(5)
    consumer.seek({ topic: bench.topic, partition: 0, offset: '2' })
    await reading.count(6)
    expect(reading.values()).toEqual([...numbers(3), '1', '2', '2'])
    expect(await bench.committed()).toEqual({})
  })

  it("of '-2' is the beginning, of '-1' the end, whatever fromBeginning is", async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { fromBeginning: false })
    consumer.seek({ topic: bench.topic, partition: 0, offset: '-2' })
    await reading.count(3)
    consumer.seek({ topic: bench.topic, partition: 0, offset: '0' })
    await reading.count(6)
    await consumer.stop()

    const again = bench.consumer()
    await again.subscribe({ topics: [bench.topic], fromBeginning: true })
    const values: string[] = []
    const running = again.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
    again.seek({ topic: bench.topic, partition: 0, offset: '-1' })
    await running
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
    await bench.send(['new'])
    await eventually(() => expect(values).toEqual(['new']))
  })

  it.each(['1000', '9223372036854775807'])('beyond the end (%s) begins where a new group would', async (offset) => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { fromBeginning: true })
    await reading.count(3)
    consumer.seek({ topic: bench.topic, partition: 0, offset })
    await reading.count(6)
    expect(reading.values()).toEqual([...numbers(3), ...numbers(3)])
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
  })

  it('from within eachMessage ends the batch after the message at hand', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const consumer = bench.consumer()
    let sought = false
    const reading = await bench.read(consumer, {
      handle({ topic, partition, message }) {
        if (message.offset !== '4' || sought) return
        sought = true
        consumer.seek({ topic, partition, offset: '8' })
      },
    })
    await reading.count(7)
    expect(reading.values()).toEqual([...numbers(5), '8', '9'])
  })

  it('from within eachMessage to the message at hand repeats it', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    let times = 0
    const reading = await bench.read(consumer, {
      handle({ topic, partition, message }) {
        if (message.offset === '1' && times++ === 0) consumer.seek({ topic, partition, offset: '1' })
      },
    })
    await reading.count(4)
    expect(reading.values()).toEqual(['0', '1', '1', '2'])
  })

  it('of a partition that the member was not given is of no consequence', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const other = await target.createTopic({ partitions: 1 })
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    consumer.seek({ topic: other, partition: 0, offset: '0' })
    consumer.seek({ topic: bench.topic, partition: 7, offset: '0' })
    await reading.count(3)
    expect(await bench.committed(other)).toEqual({})
  })

  it('takes a paused partition to where it will go on, with no delay when it is resumed', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(5)
    consumer.pause([{ topic: bench.topic }])
    consumer.seek({ topic: bench.topic, partition: 0, offset: '3' })
    await bench.send(['x'])
    expect(reading.values()).toEqual(numbers(5))
    const resumed = performance.now()
    consumer.resume([{ topic: bench.topic }])
    await reading.count(8)
    expect(performance.now() - resumed).toBeLessThan(scaled(2000))
    expect(reading.values().slice(5)).toEqual(['3', '4', 'x'])
  })
})
