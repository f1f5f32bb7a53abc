import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, numbers, openBench, refusedPositions } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

type Committed = Parameters<Consumer['commitOffsets']>[0]
interface CommitEvent {
  groupId: string
  memberId: string
  groupGenerationId: number
  topics: { topic: string; partitions: { partition: number; offset: string }[] }[]
}

describe('commitOffsets', () => {
  it.each([
    ...refusedPositions,
    ['an empty offset', { topic: 't', partition: 0, offset: '' }, 'Invalid offset, expected a long received '],
    ['a negative offset', { topic: 't', partition: 0, offset: '-201' }, 'Offset must not be a negative number'],
    ['latest', { topic: 't', partition: 0, offset: '-1' }, 'Offset must not be a negative number'],
    ['earliest', { topic: 't', partition: 0, offset: '-2' }, 'Offset must not be a negative number'],
    [
      'metadata that are no text',
      { topic: 't', partition: 0, offset: '1', metadata: 7 },
      'Invalid offset metadata, expected string or null, received 7',
    ],
  ])('refuses %s', async (_, offset, message) => {
    await using bench = await openBench(target)
    await expect(bench.consumer().commitOffsets([offset] as Committed)).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message,
    })
  })

  it('commits an offset far behind, and goes there, on the consumer group that everybody reads', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    const { names } = listen(consumer, 'CRASH')
    const reading = await bench.read(consumer, { autoCommit: false })
    for (let n = 0; n < 5; n++) {
      await bench.send([String(n)])
      await reading.count(n + 1)
    }
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '2' }])
    expect(await bench.committed()).toEqual({ 0: '2' })
    consumer.seek({ topic: bench.topic, partition: 0, offset: '1' })
    await reading.count(9)
    expect(reading.values()).toEqual([...numbers(5), ...numbers(4, 1)])
    expect(names()).toEqual([])
  })

  it('commits what it is given, where a consumer of the group goes on later', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(4))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommit: false })
    await reading.count(4)
    const told = next<CommitEvent>(consumer, 'COMMIT_OFFSETS')
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '1', metadata: 'mine' }])
    expect((await told).topics).toMatchObject([{ topic: bench.topic, partitions: [{ partition: 0, offset: '1' }] }])
    expect(await bench.committed()).toEqual({ 0: '1' })
    await consumer.stop()
    const again = await bench.read(consumer, { autoCommit: false })
    await again.count(3)
    expect(again.values()).toEqual(numbers(3, 1))
  })

  it('does not move what is read, and may go backwards', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(4))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommit: false })
    await reading.count(4)
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '3' }])
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '2' }])
    expect(await bench.committed()).toEqual({ 0: '2' })
    await bench.send(['more'])
    await reading.count(5)
    expect(reading.values()).toEqual([...numbers(4), 'more'])
  })

  it('is overtaken by the next automatic commit', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(2))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer)
    await reading.count(2)
    await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset: '1' }])
    await bench.send(['more'])
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
  })

  it('works from within eachMessage, for each of several partitions', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    for (let partition = 0; partition < 3; partition++) await bench.send(numbers(10), partition)
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, {
      autoCommit: false,
      partitionsConsumedConcurrently: 3,
      async handle({ topic, partition, message }) {
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }])
      },
    })
    await reading.count(30)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10', 1: '10', 2: '10' }))
  })

  it('commits partitions that nobody reads', async () => {
    await using bench = await openBench(target)
    const other = await target.createTopic({ partitions: 1 })
    const consumer = bench.consumer()
    await bench.read(consumer)
    await consumer.commitOffsets([{ topic: other, partition: 0, offset: '0' }])
    expect(await bench.committed(other)).toEqual({ 0: '0' })
  })

  it('refuses a partition that another member reads', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const [first, second] = [bench.consumer(), bench.consumer()]
    await bench.read(first)
    const joined = next<{ memberAssignment: Record<string, number[]> }>(second, 'GROUP_JOIN')
    await bench.read(second)
    const [theirs] = (await joined).memberAssignment[bench.topic] ?? []
    await expect(
      first.commitOffsets([{ topic: bench.topic, partition: theirs ?? -1, offset: '0' }]),
    ).rejects.toMatchObject({ type: 'ILLEGAL_GENERATION' })
  })

  it('keeps beside each offset the one that other SDKs resume from', async () => {
    const { memoryCheckpointStore } = await import('kafkajs-eventhubs')
    const checkpointStore = memoryCheckpointStore()
    await using bench = await openBench(target, {
      kafka: { eventHubs: { ...target.config().eventHubs, checkpointStore } },
    })
    if (!target.emulator) return
    await bench.send(numbers(5))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommit: false })
    await reading.count(5)
    await bench.send(numbers(5))
    await reading.count(10)
    const events = target.emulator.eventHubs.get(bench.topic)?.partitions[0]?.events() ?? []
    // Just handled, handled long ago, and none of what this member has seen.
    for (const offset of ['10', '2', '0']) {
      await consumer.commitOffsets([{ topic: bench.topic, partition: 0, offset }])
      const [checkpoint] = await checkpointStore.listCheckpoints(
        `localhost:${target.emulator.port}`,
        bench.topic,
        bench.groupId,
      )
      const sequenceNumber = Number(offset) - 1
      expect(checkpoint).toMatchObject({ sequenceNumber, offset: events[sequenceNumber]?.offset ?? '-1' })
    }
  })
})

describe('autoCommit', () => {
  it('commits at the end of each batch, whatever interval and threshold are', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommitInterval: 600_000, autoCommitThreshold: 1000 })
    await reading.count(3)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '3' }))
  })

  it('commits within a batch when the threshold is reached', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(10))
    const consumer = bench.consumer()
    const { payloads } = listen(consumer, 'COMMIT_OFFSETS')
    const reading = await bench.read(consumer, { autoCommitThreshold: 2, handle: () => sleep(5) })
    await reading.count(10)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '10' }))
    const offsets = payloads<CommitEvent>('COMMIT_OFFSETS').map(({ topics }) => topics[0]?.partitions[0]?.offset)
    expect(offsets.length).toBeGreaterThanOrEqual(5)
    expect(offsets.map(Number)).toEqual([...new Set(offsets.map(Number))].sort((a, b) => a - b))
  })

  it('commits within a batch when the interval has passed', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(20))
    const consumer = bench.consumer()
    const { events } = listen(consumer, 'COMMIT_OFFSETS')
    const reading = await bench.read(consumer, { autoCommitInterval: 100, handle: () => sleep(25) })
    await reading.count(20)
    await eventually(async () => expect(await bench.committed()).toEqual({ 0: '20' }))
    expect(events.length).toBeGreaterThan(2)
    expect(events.length).toBeLessThan(15)
  })

  it('has offsets committed by the time END_BATCH_PROCESS has been told and the consumer stopped', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(100))
    const consumer = bench.consumer()
    let stopped: Promise<void> | undefined
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (payload.lastOffset === '99') stopped = consumer.stop()
    })
    await bench.read(consumer)
    await eventually(() => expect(stopped).toBeDefined())
    await stopped
    expect(await bench.committed()).toEqual({ 0: '100' })
  })

  it('tells of commits with numbers for partitions and texts for offsets', async () => {
    await using bench = await openBench(target)
    await bench.send(['a'])
    const consumer = bench.consumer()
    const told = next<CommitEvent>(consumer, 'COMMIT_OFFSETS')
    await bench.read(consumer)
    expect(await told).toEqual({
      groupId: bench.groupId,
      memberId: expect.stringMatching(/^test-/),
      groupGenerationId: expect.any(Number),
      topics: [{ topic: bench.topic, partitions: [{ partition: 0, offset: '1' }] }],
    })
  })

  it('off leaves committing to the program', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    const reading = await bench.read(consumer, { autoCommit: false })
    await reading.count(3)
    await consumer.stop()
    expect(await bench.committed()).toEqual({})
    const again = await bench.read(consumer, { autoCommit: false })
    await again.count(3)
    expect(again.values()).toEqual(numbers(3))
  })

  it('keeps the place of a group that begins at the end, before anything has come', async () => {
    await using bench = await openBench(target)
    await bench.send(numbers(3))
    const consumer = bench.consumer()
    await bench.read(consumer, { fromBeginning: false })
    await consumer.stop()
    expect(await bench.committed()).toEqual({ 0: '3' })
    await bench.send(['produced meanwhile'])
    const again = await bench.read(consumer, { fromBeginning: false })
    await again.count(1)
    expect(again.values()).toEqual(['produced meanwhile'])
  })
})
