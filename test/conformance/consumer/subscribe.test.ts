import { randomUUID } from 'node:crypto'
import { AssignerProtocol, PartitionAssigners } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { next, openBench } from '../../support/consuming.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

describe('subscribe', () => {
  it.each([
    ['neither topic nor topics', {}, 'Missing required argument "topics"'],
    ['a topic that is empty', { topic: '' }, 'Missing required argument "topics"'],
    ['a topic that is null', { topic: null }, 'Missing required argument "topics"'],
    ['topics that are no list', { topics: 'a' }, 'Argument "topics" must be an array'],
    [
      'a topic that is a number',
      { topic: 1 },
      'Invalid topic 1 (number), the topic name has to be a String or a RegExp',
    ],
    [
      'an element that is null',
      { topics: ['a', null] },
      'Invalid topic null (object), the topic name has to be a String or a RegExp',
    ],
  ])('refuses %s', async (_, subscription, message) => {
    await using bench = await openBench(target)
    await expect(bench.consumer().subscribe(subscription as never)).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message,
    })
  })

  it('rejects with a TypeError without an argument', async () => {
    await using bench = await openBench(target)
    await expect((bench.consumer().subscribe as () => Promise<void>)()).rejects.toThrow(TypeError)
  })

  it('is refused while the consumer is running, and possible again after stop()', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    await bench.read(consumer)
    const message = 'Cannot subscribe to topic while consumer is running'
    await expect(consumer.subscribe({ topics: [bench.topic] })).rejects.toThrow(message)
    await consumer.stop()
    await consumer.subscribe({ topics: [bench.topic] })
  })

  it('needs no connect() before', async () => {
    await using bench = await openBench(target)
    await bench.consumer().subscribe({ topic: bench.topic })
  })

  it('adds up over calls; the last fromBeginning of a topic counts', async () => {
    await using bench = await openBench(target)
    const other = await target.createTopic({ partitions: 1 })
    await bench.send(['old'], 0)
    await bench.send(['old'], 0, other)
    const consumer = bench.consumer()
    await consumer.subscribe({ topics: [bench.topic, other], fromBeginning: true })
    await consumer.subscribe({ topics: [other], fromBeginning: false })
    const reading = await bench.read(consumer)
    await bench.send(['new'], 0, other)
    await reading.count(2)
    expect(reading.received.map(({ topic, value }) => [topic, value]).sort()).toEqual(
      [
        [bench.topic, 'old'],
        [other, 'new'],
      ].sort(),
    )
  })

  it('and run() ask about each topic once, also where there is no consumer group of the name', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const topics = [
      bench.topic,
      await target.createTopic({ partitions: 2 }),
      await target.createTopic({ partitions: 1 }),
    ]
    const consumer = bench.consumer()
    let looks = 0
    consumer.on(consumer.events.REQUEST, ({ payload: { apiName } }) => {
      if (apiName === 'Metadata') looks++
    })
    for (const topic of topics) await bench.send(['x'], 0, topic)
    const reading = await bench.read(consumer, { topics })
    await reading.count(topics.length)
    expect(looks).toBe(topics.length)
    // Another run looks again.
    await consumer.stop()
    await consumer.run({ eachMessage: async () => {} })
    expect(looks).toBe(2 * topics.length)
  })

  it('prefers topics over topic', async () => {
    await using bench = await openBench(target)
    const other = await target.createTopic({ partitions: 1 })
    const consumer = bench.consumer()
    await consumer.subscribe({ topic: other, topics: [bench.topic] } as never)
    const joined = next<{ memberAssignment: object }>(consumer, 'GROUP_JOIN')
    await consumer.run({ eachMessage: async () => {} })
    expect((await joined).memberAssignment).toEqual({ [bench.topic]: [0] })
  })

  it('takes names and patterns together; patterns match the topics there are now', async () => {
    await using bench = await openBench(target)
    const prefix = `pattern-${randomUUID().slice(0, 8)}`
    const matching = await Promise.all(
      ['a', 'b'].map((suffix) => target.createTopic({ name: `${prefix}-${suffix}`, partitions: 1 })),
    )
    const consumer = bench.consumer()
    await consumer.subscribe({ topics: [new RegExp(`^${prefix.toUpperCase()}-.$`, 'i'), bench.topic] })
    await target.createTopic({ name: `${prefix}-c`, partitions: 1 })
    const joined = next<{ memberAssignment: object }>(consumer, 'GROUP_JOIN')
    await consumer.run({ eachMessage: async () => {} })
    expect(Object.keys((await joined).memberAssignment).sort()).toEqual([...matching, bench.topic].sort())
  })

  it('takes a single pattern as topic', async () => {
    await using bench = await openBench(target)
    const consumer = bench.consumer()
    await consumer.subscribe({ topic: new RegExp(bench.topic) })
    const joined = next<{ memberAssignment: object }>(consumer, 'GROUP_JOIN')
    await consumer.run({ eachMessage: async () => {} })
    expect((await joined).memberAssignment).toEqual({ [bench.topic]: [0] })
  })

  it('makes a topic that does not exist, where allowAutoTopicCreation and management let it', async () => {
    await using bench = await openBench(target)
    const topic = `made-${randomUUID()}`
    await bench.consumer().subscribe({ topics: [topic] })
    expect(await bench.admin.listTopics()).toContain(topic)
    await bench.admin.deleteTopics({ topics: [topic] })
  })

  it.each(['roundRobin', 'sticky'] as const)(
    'takes topics that are named like what every object has (%s)',
    async (assigner) => {
      await using bench = await openBench(target)
      const topics = ['constructor', 'toString', 'hasOwnProperty']
      await bench.admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: 2 })) })
      const consumer = bench.consumer({ partitionAssigners: [PartitionAssigners[assigner]] })
      const reading = await bench.read(consumer, { topics: [bench.topic, ...topics], fromBeginning: false })
      consumer.seek({ topic: 'valueOf', partition: 0, offset: '3' })
      await bench.producer.sendBatch({
        topicMessages: topics.map((topic) => ({ topic, messages: [{ value: topic }] })),
      })
      await reading.count(topics.length)
      expect(reading.received.map(({ topic, value }) => [topic, value]).sort()).toEqual(
        topics.map((topic) => [topic, topic]).sort(),
      )
      const { members } = await consumer.describeGroup()
      const decoded = members.map((member) => AssignerProtocol.MemberAssignment.decode(member.memberAssignment))
      for (const topic of topics) expect(decoded[0]?.assignment[topic]).toEqual([0, 1])
      const offsets = await bench.admin.fetchOffsets({ groupId: bench.groupId, topics })
      expect(offsets.map(({ topic }) => topic)).toEqual(topics)
      await consumer.disconnect()
      await bench.admin.deleteTopics({ topics })
    },
  )

  it('rejects with the protocol error itself for a name that no topic can have', async () => {
    await using bench = await openBench(target)
    await expect(bench.consumer().subscribe({ topic: 'not a name' })).rejects.toMatchObject({
      name: 'KafkaJSProtocolError',
      type: 'INVALID_TOPIC_EXCEPTION',
      code: 17,
    })
  })

  it('rejects for a topic that does not exist and may not be made', async () => {
    await using bench = await openBench(target)
    const missing = { topics: [`missing-${randomUUID()}`] }
    const expected = { type: 'UNKNOWN_TOPIC_OR_PARTITION', message: expect.stringContaining(missing.topics[0] ?? '') }
    await expect(bench.consumer({ allowAutoTopicCreation: false }).subscribe(missing)).rejects.toMatchObject(expected)
    await using without = await openBench(target, {
      kafka: { eventHubs: { ...target.config().eventHubs, management: false } },
    })
    await expect(without.consumer().subscribe(missing)).rejects.toMatchObject(expected)
    await expect(without.consumer().subscribe({ topic: /x/ })).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('management'),
    })
  })
})
