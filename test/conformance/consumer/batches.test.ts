import { randomUUID } from 'node:crypto'
import { type Batch, CompressionTypes, type EachBatchHandler, type EachBatchPayload } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { type Bench, listen, numbers, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

/** Runs `eachBatch` from the beginning; gives the values handed over so far. */
async function run(bench: Bench, eachBatch: EachBatchHandler, config: object = {}) {
  const consumer = bench.consumer()
  const values: string[] = []
  await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
  await consumer.run({
    ...config,
    async eachBatch(payload) {
      values.push(...payload.batch.messages.map(({ value }) => String(value)))
      await eachBatch(payload)
    },
  })
  return { consumer, values }
}

describe('the payload of eachBatch', () => {
  it('has the members of kafkajs', async () => {
    await using bench = await openBench(target)
    await bench.send(['a', 'b'])
    const payloads: EachBatchPayload[] = []
    await run(bench, async (payload) => void payloads.push(payload))
    await eventually(() => expect(payloads.length).toBeGreaterThan(0))
    const [payload] = payloads as [EachBatchPayload]
    expect(Object.keys(payload).sort()).toEqual([
      'batch',
      'commitOffsetsIfNecessary',
      'heartbeat',
      'isRunning',
      'isStale',
      'pause',
      'resolveOffset',
      'uncommittedOffsets',
    ])
    expect(payload.isRunning()).toBe(true)
    expect(payload.isStale()).toBe(false)
  })

  it('has a batch that tells where it stands in its partition', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const batches: Batch[] = []
    await run(bench, async ({ batch }) => void batches.push(batch))
    await eventually(() => expect(batches.at(-1)?.lastOffset()).toBe('9'))
    let next = 0
    for (const batch of batches) {
      const { topic, partition, highWatermark, messages } = batch
      expect({ topic, partition, highWatermark }).toEqual({ topic: bench.topic, partition: 0, highWatermark: '10' })
      expect(batch.isEmpty()).toBe(false)
      expect(batch.firstOffset()).toBe(String(next))
      expect(messages.map(({ offset }) => offset)).toEqual(numbers(messages.length, next))
      expect(batch.offsetLagLow()).toBe(String(9 - next))
      next += messages.length
      expect(batch.lastOffset()).toBe(String(next - 1))
      expect(batch.offsetLag()).toBe(String(9 - (next - 1)))
    }
    expect(next).toBe(10)
  })

  it('has headers as buffers', async () => {
    await using bench = await openBench(target)
    await bench.send([{ value: 'x', headers: { one: 'a', two: ['b', Buffer.from('c')] } }])
    const headers: unknown[] = []
    await run(bench, async ({ batch }) => void headers.push(batch.messages[0]?.headers))
    await eventually(() =>
      expect(headers).toEqual([{ one: Buffer.from('a'), two: [Buffer.from('b'), Buffer.from('c')] }]),
    )
  })
})

describe('resolving', () => {
  it('is done for the handler, once it has ended well', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(20))
    const { values } = await run(bench, async () => {})
    await eventually(() => expect(values).toEqual(numbers(20)))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '20' }))
  })

  it('is the handler’s with eachBatchAutoResolve off, which gets again what it left', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(9))
    const done: string[] = []
    await run(
      bench,
      async ({ batch, resolveOffset }) => {
        const [first] = batch.messages
        if (!first) return
        done.push(String(first.value))
        resolveOffset(first.offset)
      },
      { eachBatchAutoResolve: false },
    )
    await eventually(() => expect(done).toEqual(numbers(9)))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '9' }))
  })

  it('nothing has the same messages come again, and other partitions go on', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    await bench.send(['stuck'], 0)
    let handed = 0
    const { values } = await run(
      bench,
      async ({ batch, resolveOffset }) => {
        if (batch.partition === 0) handed++
        else resolveOffset(batch.lastOffset())
      },
      { eachBatchAutoResolve: false },
    )
    await eventually(() => expect(handed).toBeGreaterThan(3))
    await bench.send(numbers(5), 1)
    await eventually(() => expect(values.filter((value) => value !== 'stuck')).toEqual(numbers(5)))
    expect((await bench.committed())[0]).toBeUndefined()
  })

  it('takes the last word, and numbers as well as texts', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    let batches = 0
    const { values } = await run(
      bench,
      async ({ batch, resolveOffset }) => {
        if (batches++ > 0 || batch.messages.length < 10) return resolveOffset(batch.lastOffset())
        resolveOffset(8 as never)
        resolveOffset('4')
      },
      { eachBatchAutoResolve: false },
    )
    await eventually(() => expect(values.slice(-5)).toEqual(numbers(5, 5)))
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10' }))
  })

  it('is forgotten for a batch that fails: what was resolved is not handed over again', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    let failures = 0
    const { values } = await run(bench, async ({ batch, resolveOffset }) => {
      for (const { offset, value } of batch.messages) {
        if (String(value) === '5' && failures++ === 0) throw new Error('a failure for the test')
        resolveOffset(offset)
      }
    })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10' }))
    expect(failures).toBe(2)
    const again = values.slice(values.indexOf('9') + 1)
    expect(again).toEqual(numbers(5, 5))
  })

  it('of a batch that fails without resolving anything: all of it is handed over again', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const batches: string[][] = []
    await run(bench, async ({ batch }) => {
      batches.push(batch.messages.map(({ value }) => String(value)))
      if (batches.length === 1) throw new Error('a failure for the test')
    })
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10' }))
    // With what has come since, as another fetch of kafkajs's would bring it.
    expect(batches[1]?.slice(0, batches[0]?.length)).toEqual(batches[0])
  })

  it('leaves what a handler has not reached that ends because the consumer is stopping', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const done: string[] = []
    let reached = () => {}
    const half = new Promise<void>((resolve) => {
      reached = resolve
    })
    const { consumer } = await run(bench, async ({ batch, resolveOffset, isRunning }) => {
      for (const { offset, value } of batch.messages) {
        if (!isRunning()) break
        done.push(String(value))
        resolveOffset(offset)
        if (done.length === 5) reached()
        if (done.length >= 5) await eventually(() => !isRunning())
      }
    })
    await half
    await consumer.stop()
    expect(done).toEqual(numbers(5))
    expect(await bench.committed()).toEqual({ 0: '5' })
  })
})

describe('uncommittedOffsets', () => {
  it('tells what is resolved and not committed, with numbers for partitions and texts for offsets', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const told: unknown[] = []
    await run(
      bench,
      async ({ batch, resolveOffset, uncommittedOffsets, commitOffsetsIfNecessary }) => {
        if (batch.lastOffset() !== '2') return
        told.push(uncommittedOffsets())
        resolveOffset('2')
        told.push(uncommittedOffsets())
        await commitOffsetsIfNecessary({} as Parameters<typeof commitOffsetsIfNecessary>[0])
        told.push(uncommittedOffsets())
      },
      { autoCommit: false },
    )
    await eventually(() => expect(told).toHaveLength(3))
    expect(told.slice(1)).toEqual([
      { topics: [{ topic: bench.topic, partitions: [{ partition: 0, offset: '3' }] }] },
      { topics: [] },
    ])
    expect(await bench.committed()).toEqual({ 0: '3' })
  })

  it('no longer lists what a transaction of the same Kafka has committed', async () => {
    await using bench = await openBench(target, {
      kafka: { eventHubs: { ...target.config().eventHubs, transactions: 'buffered' } },
    })
    await bench.send(numbers(3))
    const producer = bench.kafka.producer({ transactionalId: bench.groupId, maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const told: unknown[] = []
    await run(
      bench,
      async ({ batch, resolveOffset, uncommittedOffsets }) => {
        if (batch.lastOffset() !== '2' || told.length > 0) return
        resolveOffset('2')
        told.push(uncommittedOffsets())
        const transaction = await producer.transaction()
        await transaction.sendOffsets({ consumerGroupId: bench.groupId, ...uncommittedOffsets() })
        told.push(uncommittedOffsets())
        await transaction.commit()
        told.push(uncommittedOffsets())
      },
      { autoCommit: false },
    )
    await eventually(() => expect(told).toHaveLength(3))
    const uncommitted = { topics: [{ topic: bench.topic, partitions: [{ partition: 0, offset: '3' }] }] }
    expect(told).toEqual([uncommitted, uncommitted, { topics: [] }])
    expect(await bench.committed()).toEqual({ 0: '3' })
    await producer.disconnect()
  })
})

describe('commitOffsetsIfNecessary', () => {
  it('does nothing where neither interval nor threshold is configured', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    let asked = 0
    const { consumer } = await run(
      bench,
      async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        resolveOffset(batch.lastOffset())
        await commitOffsetsIfNecessary()
        if (batch.lastOffset() === '2') asked++
      },
      { autoCommit: false },
    )
    const { events } = listen(consumer, 'COMMIT_OFFSETS')
    await eventually(() => expect(asked).toBe(1))
    expect(await bench.committed()).toEqual({})
    expect(events).toEqual([])
  })

  it('commits once the threshold is reached, which counts messages and not calls', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const committed: unknown[] = []
    const { consumer } = await run(
      bench,
      async ({ batch, resolveOffset, commitOffsetsIfNecessary }) => {
        if (batch.lastOffset() !== '9' || committed.length > 0) return
        resolveOffset('2')
        await commitOffsetsIfNecessary()
        committed.push(await bench.committed())
        resolveOffset('5')
        await commitOffsetsIfNecessary()
        committed.push(await bench.committed())
      },
      { autoCommit: false, autoCommitThreshold: 5, eachBatchAutoResolve: false },
    )
    await eventually(() => expect(committed).toHaveLength(2))
    expect(committed).toEqual([{}, { 0: '6' }])
    await consumer.stop()
  })

  it('commits exactly what it is given, without adding one', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    let committed: unknown
    await run(
      bench,
      async ({ batch, commitOffsetsIfNecessary }) => {
        await commitOffsetsIfNecessary({
          topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset: '1' }] }],
        })
        committed ??= await bench.committed()
      },
      { autoCommit: false },
    )
    await eventually(() => expect(committed).toEqual({ 0: '1' }))
  })
})

describe('isStale', () => {
  it('is true once a seek has made the batch obsolete, whose rest then is not handled', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const done: string[] = []
    let sought = false
    const { consumer } = await run(bench, async ({ batch, resolveOffset, isStale }) => {
      for (const { offset, value } of batch.messages) {
        if (isStale()) break
        done.push(String(value))
        resolveOffset(offset)
        if (String(value) === '3' && !sought) {
          sought = true
          consumer.seek({ topic: batch.topic, partition: batch.partition, offset: '8' })
        }
      }
    })
    await eventually(() => expect(done.at(-1)).toBe('9'))
    expect(done).toEqual([...numbers(4), '8', '9'])
  })

  it('is false for a pause, as in kafkajs', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const told: boolean[] = []
    await run(bench, async ({ pause, isStale }) => {
      pause()
      told.push(isStale())
    })
    await eventually(() => expect(told).toEqual([false]))
  })
})

describe('batches', () => {
  it('have together what was sent together, the first of a partition too', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const sizes: number[] = []
    // A machine that stands still for a moment may part them; it does not each time.
    await eventually(async () => {
      const consumer = bench.consumer({ groupId: `together-${randomUUID()}` })
      await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
      sizes.length = 0
      await consumer.run({ eachBatch: async ({ batch }) => void sizes.push(batch.messages.length) })
      await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3))
      await consumer.disconnect()
      expect(sizes).toEqual([3])
    })
  })

  it('never come to two handlers at once for one partition', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    const busy = new Set<number>()
    let clashes = 0
    const { values } = await run(
      bench,
      async ({ batch }) => {
        if (busy.has(batch.partition)) clashes++
        busy.add(batch.partition)
        await new Promise((resolve) => setTimeout(resolve, 20))
        busy.delete(batch.partition)
      },
      { partitionsConsumedConcurrently: 3 },
    )
    for (let round = 0; round < 5; round++) {
      await Promise.all([0, 1, 2].map((partition) => bench.send(numbers(10), partition)))
    }
    await eventually(() => expect(values).toHaveLength(150))
    expect(clashes).toBe(0)
  })

  it('are as large as what is waiting, within what a partition may hold', async () => {
    await using bench = await openBench(target)
    await bench.send(Array.from({ length: 40 }, () => 'x'.repeat(10_000)))
    const consumer = bench.consumer({ maxBytesPerPartition: 200_000 })
    const sizes: number[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({ eachBatch: async ({ batch }) => void sizes.push(batch.messages.length) })
    await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(40))
    expect(Math.max(...sizes)).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20)
  })

  it('are as large as the partition’s share of what the consumer may hold', async () => {
    await using bench = await openBench(target, { partitions: 4 })
    const values = Array.from({ length: 20 }, () => 'x'.repeat(10_000))
    for (const partition of [0, 1, 2, 3]) await bench.send(values, partition)
    const consumer = bench.consumer({ maxBytes: 200_000 })
    const sizes: number[] = []
    await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch }) => void sizes.push(batch.messages.length),
    })
    await eventually(() => expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(80))
    expect(Math.max(...sizes)).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5)
  })
})

it('has no more decompressed bytes than maxBytes and one message, and loses none', async () => {
  const { eventHubs } = target.config()
  await using bench = await openBench(target, { kafka: { eventHubs: { ...eventHubs, compression: 'body' } } })
  const size = 100_000
  const messages = numbers(25).map((key) => ({ key, value: Buffer.alloc(size) }))
  await bench.producer.send({ topic: bench.topic, messages, compression: CompressionTypes.GZIP })
  const consumer = bench.consumer({ maxBytes: 10 * size })
  const keys: string[][] = []
  await consumer.subscribe({ topics: [bench.topic], fromBeginning: true })
  await consumer.run({
    async eachBatch({ batch }) {
      keys.push(batch.messages.map(({ key }) => String(key)))
      for (const { value } of batch.messages) expect(value).toHaveLength(size)
    },
  })
  await eventually(() => expect(keys.flat()).toEqual(numbers(25)))
  expect(Math.max(...keys.map(({ length }) => length))).toBeLessThanOrEqual(10)
})
