import { describe, expect, it } from 'vitest'
import { type Admin, type CheckpointStore, Kafka, logLevel, memoryCheckpointStore } from '../../../src/index.js'
import type { KafkaConfig } from '../../../src/types/index.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openTarget } from '../../support/harness.js'

async function produce(config: KafkaConfig, topic: string, values: string[], partition = 0): Promise<void> {
  await using producer = disposable(new Kafka(config).producer())
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition })) })
}

/** Runs a consumer of the group until it has `count` messages; what it read, as `partition:offset`. */
async function consume(
  config: KafkaConfig,
  {
    groupId,
    topic,
    count,
    fromBeginning = true,
  }: { groupId: string; topic: string; count: number; fromBeginning?: boolean },
  produceMeanwhile?: () => Promise<void>,
): Promise<string[]> {
  await using consumer = disposable(new Kafka(config).consumer({ groupId, maxWaitTimeInMs: 100 }))
  const read: string[] = []
  await consumer.subscribe({ topics: [topic], fromBeginning })
  const joined = new Promise((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, resolve)
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  })
  await consumer.run({
    async eachMessage({ partition, message }) {
      read.push(`${partition}:${message.offset}`)
    },
  })
  await joined
  await produceMeanwhile?.()
  await eventually(() => read.length >= count)
  return read
}

const offsetsOf = async (admin: Admin, groupId: string, topic: string): Promise<string[]> => {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return found?.partitions.map(({ offset }) => offset) ?? []
}

const GROUP = () => `group-${crypto.randomUUID().slice(0, 8)}`

describe('fetchTopicOffsets', () => {
  it('tells where partitions begin and end', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = disposable(new Kafka(target.config()).admin())
    await produce(target.config(), topic, ['a', 'b', 'c'], 1)
    expect(await admin.fetchTopicOffsets(topic)).toEqual([
      { partition: 0, offset: '0', high: '0', low: '0' },
      { partition: 1, offset: '3', high: '3', low: '0' },
    ])
  })

  it('moves the low end with retention; an emptied partition begins where it ends', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const topic = await target.createTopic({ partitions: 1 })
    await using admin = disposable(new Kafka(target.config()).admin())
    await produce(target.config(), topic, ['a', 'b', 'c', 'd'])
    target.emulator.eventHubs.get(topic)?.setRetention({ count: 1 })
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '4', high: '4', low: '3' }])
    target.emulator.eventHubs.get(topic)?.setRetention({ count: 0 })
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '4', high: '4', low: '4' }])
  })

  it('rejects what is no topic, and tries again when it is not there', async () => {
    await using target = await openTarget()
    await using admin = disposable(
      new Kafka(target.config({ logLevel: 0 })).admin({ retry: { retries: 1, initialRetryTime: 10 } }),
    )
    for (const topic of ['', undefined, 5]) {
      await expect(admin.fetchTopicOffsets(topic as string)).rejects.toMatchObject({
        message: `Invalid topic ${topic}`,
      })
      await expect(admin.fetchTopicOffsetsByTimestamp(topic as string)).rejects.toMatchObject({
        message: `Invalid topic ${topic}`,
      })
    }
    await expect(admin.fetchTopicOffsets('nothing')).rejects.toMatchObject({
      name: 'KafkaJSNumberOfRetriesExceeded',
      cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    })
  })
})

describe('fetchTopicOffsetsByTimestamp', () => {
  it('finds the first event at or after a moment, to the millisecond', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const topic = await target.createTopic({ partitions: 1 })
    await using admin = disposable(new Kafka(target.config()).admin())
    const at = async (moment?: number) => (await admin.fetchTopicOffsetsByTimestamp(topic, moment))[0]?.offset
    for (const value of ['a', 'b', 'c']) {
      const begun = Date.now()
      await eventually(() => Date.now() > begun + 1, { interval: 1 })
      await produce(target.config(), topic, [value, value])
    }
    const times =
      target.emulator.eventHubs
        .get(topic)
        ?.events()
        .map(({ enqueuedTime }) => enqueuedTime.getTime()) ?? []
    expect(new Set(times).size).toBe(3)
    for (const time of times) {
      expect(await at(time)).toBe(String(times.findIndex((other) => other >= time)))
      expect(await at(time + 1)).toBe(String(times.filter((other) => other <= time).length))
      expect(await at(time - 1)).toBe(String(times.findIndex((other) => other >= time - 1)))
    }
    expect(await at(0)).toBe('0')
  })

  it('tells the end for the future, for an empty partition and without a moment', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = disposable(new Kafka(target.config()).admin())
    await produce(target.config(), topic, ['a', 'b'])
    const ends = [
      { partition: 0, offset: '2' },
      { partition: 1, offset: '0' },
    ]
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() + 3_600_000)).toEqual(ends)
    expect(await admin.fetchTopicOffsetsByTimestamp(topic)).toEqual(ends)
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, -1)).toEqual(ends)
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, -2)).toEqual([
      { partition: 0, offset: '0' },
      { partition: 1, offset: '0' },
    ])
    await expect(admin.fetchTopicOffsetsByTimestamp(topic, Number.NaN)).rejects.toMatchObject({
      message: 'Invalid timestamp NaN, expected milliseconds since 1970',
    })
  })

  it('tells the next offset of a partition that retention has emptied', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const topic = await target.createTopic({ partitions: 1 })
    await using admin = disposable(new Kafka(target.config()).admin())
    await produce(target.config(), topic, ['a', 'b'])
    target.emulator.eventHubs.get(topic)?.setRetention({ count: 0 })
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, 0)).toEqual([{ partition: 0, offset: '2' }])
  })
})

describe('fetchOffsets', () => {
  it('rejects arguments as kafkajs does', async () => {
    await using target = await openTarget()
    await using admin = disposable(new Kafka(target.config()).admin())
    await expect(admin.fetchOffsets({ groupId: '' })).rejects.toMatchObject({ message: 'Invalid groupId ' })
    await expect(admin.fetchOffsets({ groupId: 'g', topics: 'a' as unknown as string[] })).rejects.toMatchObject({
      message: 'Expected topics array to be set',
    })
  })

  it('and what sets them reject at once, with the protocol error itself, for a topic that is not there', async () => {
    await using target = await openTarget()
    const kafka = new Kafka(target.config({ logLevel: logLevel.NOTHING, retry: { initialRetryTime: 60_000 } }))
    await using admin = disposable(kafka.admin())
    const [topic, groupId] = ['missing', GROUP()]
    const missing = { name: 'KafkaJSProtocolError', type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true }
    await expect(admin.fetchOffsets({ groupId, topics: [topic] })).rejects.toMatchObject(missing)
    await expect(admin.resetOffsets({ groupId, topic, earliest: true })).rejects.toMatchObject(missing)
    const partitions = [{ partition: 0, offset: '1' }]
    await expect(admin.setOffsets({ groupId, topic, partitions })).rejects.toMatchObject(missing)
  })

  it.each(['a b', 'a/b', '..', 'a?b#c'])(
    'and every question about a topic refuse the name %s as a broker does',
    async (topic) => {
      await using target = await openTarget()
      await using admin = disposable(new Kafka(target.config({ logLevel: logLevel.NOTHING })).admin())
      const groupId = GROUP()
      const asked = [
        admin.fetchTopicMetadata({ topics: [topic] }),
        admin.fetchTopicOffsets(topic),
        admin.fetchTopicOffsetsByTimestamp(topic, 0),
        admin.fetchOffsets({ groupId, topics: [topic] }),
        admin.resetOffsets({ groupId, topic, earliest: true }),
        admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] }),
      ]
      for (const outcome of await Promise.allSettled(asked)) {
        expect(outcome).toMatchObject({ reason: { name: 'KafkaJSProtocolError', type: 'INVALID_TOPIC_EXCEPTION' } })
      }
    },
  )

  it('tells -1 for what is not committed', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    await using admin = disposable(new Kafka(target.config()).admin())
    expect(await admin.fetchOffsets({ groupId: GROUP(), topics: [topic] })).toEqual([
      {
        topic,
        partitions: [
          { partition: 0, offset: '-1', metadata: null },
          { partition: 1, offset: '-1', metadata: null },
        ],
      },
    ])
    expect(await admin.fetchOffsets({ groupId: GROUP() })).toEqual([])
  })

  it('tells what consumers have committed, and with it the lag', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 2 })
    const groupId = GROUP()
    await produce(target.config(), topic, ['a', 'b', 'c'])
    await consume(target.config(), { groupId, topic, count: 3 })
    await produce(target.config(), topic, ['d', 'e'])
    await using admin = disposable(new Kafka(target.config()).admin())
    expect(await offsetsOf(admin, groupId, topic)).toEqual(['3', '-1'])
    const [end] = await admin.fetchTopicOffsets(topic)
    expect(Number(end?.high) - 3).toBe(2)
  })

  it('tells all topics of a group when none is named', async () => {
    await using target = await openTarget()
    const topics = [await target.createTopic({ partitions: 2 }), await target.createTopic({ partitions: 1 })]
    const groupId = GROUP()
    await using admin = disposable(new Kafka(target.config()).admin())
    for (const topic of topics) {
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '13' }] })
    }
    const all = await admin.fetchOffsets({ groupId })
    expect(all).toHaveLength(2)
    expect(all).toEqual(
      expect.arrayContaining(
        topics.map((topic) => ({ topic, partitions: [{ partition: 0, offset: '13', metadata: null }] })),
      ),
    )
    expect(await admin.fetchOffsets({ groupId, topics: [] })).toEqual(all)
  })

  it.each([
    ['earliest', true, '0'],
    ['latest', false, '3'],
  ])('resolves a reset to %s, and commits it', async (_, earliest, resolved) => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    await produce(target.config(), topic, ['a', 'b', 'c'])
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.resetOffsets({ groupId, topic, earliest })
    expect(await offsetsOf(admin, groupId, topic)).toEqual([earliest ? '-2' : '-1'])
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true })
    expect(offsets?.partitions).toEqual([{ partition: 0, offset: resolved, metadata: null }])
    expect(await offsetsOf(admin, groupId, topic)).toEqual([resolved])
  })

  it('resolves earliest to what retention has left', async () => {
    await using target = await openTarget()
    if (!target.emulator) return
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    await produce(target.config(), topic, ['a', 'b', 'c'])
    target.emulator.eventHubs.get(topic)?.setRetention({ count: 1 })
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.resetOffsets({ groupId, topic, earliest: true })
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true })
    expect(offsets?.partitions).toEqual([{ partition: 0, offset: '2', metadata: null }])
  })

  it('needs to be told the topics when the store cannot list groups', async () => {
    await using target = await openTarget()
    const { claimOwnership, listOwnership, listCheckpoints, updateCheckpoint } = memoryCheckpointStore()
    const checkpointStore: CheckpointStore = { claimOwnership, listOwnership, listCheckpoints, updateCheckpoint }
    const config = target.config()
    const kafka = new Kafka({ ...config, eventHubs: { ...config.eventHubs, checkpointStore } })
    await using admin = disposable(kafka.admin({ retry: { retries: 0 } }))
    const refusal = (text: string) => ({ name: 'KafkaJSNotImplemented', message: expect.stringContaining(text) })
    await expect(admin.fetchOffsets({ groupId: 'g' })).rejects.toMatchObject(refusal('listGroups()'))
    await expect(admin.listGroups()).rejects.toMatchObject(refusal('listGroups()'))
    await expect(admin.deleteGroups(['g'])).rejects.toMatchObject(refusal('deleteGroup()'))
  })
})

describe('setOffsets and resetOffsets', () => {
  it.each([
    ['no group', { groupId: '', topic: 't', partitions: [] }, 'Invalid groupId '],
    ['no topic', { groupId: 'g', topic: '', partitions: [] }, 'Invalid topic '],
    ['no partitions', { groupId: 'g', topic: 't', partitions: [] }, 'Invalid partitions'],
    [
      'a partition that is none',
      { groupId: 'g', topic: 't', partitions: [{ partition: 'x', offset: '1' }] },
      'Invalid partition, expected a number received x',
    ],
    [
      'an offset that is none',
      { groupId: 'g', topic: 't', partitions: [{ partition: 0, offset: 'x' }] },
      'Invalid offset, expected a long received x',
    ],
    [
      'half an offset',
      { groupId: 'g', topic: 't', partitions: [{ partition: 0, offset: '1.5' }] },
      'Invalid offset, expected a long received 1.5',
    ],
    [
      'a negative offset',
      { groupId: 'g', topic: 't', partitions: [{ partition: 0, offset: '-3' }] },
      'Offset must not be a negative number',
    ],
  ])('rejects %s', async (_, options, message) => {
    await using target = await openTarget()
    await using admin = disposable(new Kafka(target.config()).admin())
    await expect(admin.setOffsets(options as Parameters<Admin['setOffsets']>[0])).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message,
    })
    if (!options.groupId || !options.topic) {
      await expect(admin.resetOffsets({ ...options, earliest: true })).rejects.toMatchObject({ message })
    }
  })

  it('sets what it is given, number or string, and heeds no unknown partition', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 4 })
    const groupId = GROUP()
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.setOffsets({
      groupId,
      topic,
      partitions: [
        { partition: 0, offset: '0' },
        { partition: 1, offset: 13 as unknown as string },
        { partition: 2, offset: '-2' },
        { partition: 9, offset: '5' },
      ],
    })
    expect(await offsetsOf(admin, groupId, topic)).toEqual(['0', '13', '-2', '-1'])
  })

  it('makes the next run begin there', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    const config = target.config()
    await produce(config, topic, ['a', 'b', 'c', 'd'])
    expect(await consume(config, { groupId, topic, count: 4 })).toEqual(['0:0', '0:1', '0:2', '0:3'])
    await using admin = disposable(new Kafka(config).admin())
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] })
    expect(await consume(config, { groupId, topic, count: 2 })).toEqual(['0:2', '0:3'])
    await admin.resetOffsets({ groupId, topic, earliest: true })
    expect(await consume(config, { groupId, topic, count: 4, fromBeginning: false })).toEqual([
      '0:0',
      '0:1',
      '0:2',
      '0:3',
    ])
    await admin.resetOffsets({ groupId, topic, earliest: false })
    await produce(config, topic, ['e'])
    const read = await consume(config, { groupId, topic, count: 1, fromBeginning: false }, () =>
      produce(config, topic, ['f']),
    )
    expect(read).toEqual(['0:5'])
  })

  it('to the end is where the next run begins, and the run after that, whatever comes between', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    const config = target.config()
    await using admin = disposable(new Kafka(config).admin())
    await produce(config, topic, ['a', 'b'])
    await admin.resetOffsets({ groupId, topic, earliest: false })
    expect(await consume(config, { groupId, topic, count: 0 })).toEqual([])
    await produce(config, topic, ['c', 'd'])
    expect(await consume(config, { groupId, topic, count: 2 })).toEqual(['0:2', '0:3'])
  })

  it('finds the event before an offset although another reader keeps the default consumer group', async () => {
    await using target = await openTarget()
    const { emulator } = target
    if (!emulator) return
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    const store = memoryCheckpointStore()
    const base = target.config()
    const config = { ...base, eventHubs: { ...base.eventHubs, checkpointStore: store } }
    await produce(config, topic, ['a', 'b', 'c'])
    await using admin = disposable(new Kafka(config).admin({ retry: { retries: 0 } }))
    const leave = emulator.faults.stealEpoch({ hub: topic, partition: '0' })
    const amqpOffset = async () =>
      (await store.listCheckpoints(`localhost:${emulator.port}`, topic, groupId))[0]?.offset
    const offsets = { groupId, topic, partitions: [{ partition: 0, offset: '1' }] }
    await expect(admin.fetchTopicOffsetsByTimestamp(topic, 1)).rejects.toMatchObject({
      message: expect.stringMatching(/no consumer group of the event hub lets it.*\$Default: /),
    })
    // Processors of other SDKs would begin at the start; members go by the number.
    await admin.setOffsets(offsets)
    expect(await amqpOffset()).toBe('-1')
    emulator.eventHubs.get(topic)?.createConsumerGroup(groupId)
    await admin.setOffsets(offsets)
    expect(await amqpOffset()).not.toBe('-1')
    const [moment] = await admin.fetchTopicOffsetsByTimestamp(topic, 1)
    expect(moment?.offset).toBe('0')
    leave()
    expect(await consume(config, { groupId, topic, count: 2 })).toEqual(['0:1', '0:2'])
  })

  it('is refused while the group has members', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    await using admin = disposable(new Kafka(target.config()).admin())
    {
      await using consumer = disposable(new Kafka(target.config()).consumer({ groupId }))
      await consumer.subscribe({ topics: [topic] })
      await consumer.run({ eachMessage: async () => undefined })
      const message = expect.stringMatching(
        /^The consumer group must have no running instances, current state: (?:Stable|PreparingRebalance)$/,
      )
      const partitions = [{ partition: 0, offset: '1' }]
      await expect(admin.setOffsets({ groupId, topic, partitions })).rejects.toMatchObject({
        message,
        retriable: false,
      })
      await expect(admin.resetOffsets({ groupId, topic, earliest: true })).rejects.toMatchObject({ message })
    }
    await admin.resetOffsets({ groupId, topic, earliest: true })
  })
})
