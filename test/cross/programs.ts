/**
 * Programs as users of kafkajs write them, each with what it gets to see. They run on kafkajs against the Kafka endpoint and
 * on this library against AMQP, on emulators of their own; nothing in them knows on which.
 */
import type { Consumer, IHeaders, Kafka, KafkaMessage } from 'kafkajs'
import { eventually } from '../support/eventually.js'

export const TOPIC = 'orders'
export const PARTITIONS = 3

export type Program = (kafka: Kafka) => Promise<Record<string, unknown>>

/** What fetches and heartbeats fast, so that nothing here takes long. */
const quick = (groupId: string) => ({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 100, sessionTimeout: 6000 })

const text = (bytes: Buffer | null | undefined) => bytes?.toString() ?? null

function headersOf(headers: IHeaders = {}): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((each) => text(each as Buffer)) : text(value as Buffer),
    ]),
  )
}

/** What may differ from run to run is told by its kind. */
function messageOf({ key, value, headers, offset, timestamp, attributes }: KafkaMessage) {
  const isRecent = Math.abs(Date.now() - Number(timestamp)) < 3_600_000
  return {
    offset,
    key: text(key),
    value: text(value),
    headers: headersOf(headers),
    timestamp: isRecent ? 'now' : timestamp,
    attributes,
  }
}

/** How a call ends that should not succeed. */
async function failure(step: () => unknown): Promise<object> {
  try {
    await step()
    return { failed: false }
  } catch (error) {
    const { name, message, type, code, retriable } = error as Record<string, unknown>
    return { failed: true, name, message, type, code, retriable }
  }
}

const messages = [
  { key: 'a', value: 'first', headers: { one: '1', many: ['x', 'y'] } },
  { key: 'b', value: 'second', headers: { empty: '' } },
  { key: 'c', value: null },
  { key: null, value: 'fourth', partition: 0 },
  { key: '', value: '', partition: 1 },
  { key: 'old', value: 'fifth', partition: 2, timestamp: '1500000000000' },
]

async function seed(kafka: Kafka, count: number, partition = 0): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  const values = Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: `v${index}`, partition }))
  await producer.send({ topic: TOPIC, messages: values })
  await producer.disconnect()
}

async function withConsumer<T>(kafka: Kafka, groupId: string, step: (consumer: Consumer) => Promise<T>): Promise<T> {
  const consumer = kafka.consumer(quick(groupId))
  await consumer.connect()
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
  try {
    return await step(consumer)
  } finally {
    await consumer.disconnect()
  }
}

const produce: Program = async (kafka) => {
  const producer = kafka.producer()
  await producer.connect()
  const sent = await producer.send({ topic: TOPIC, messages })
  const again = await producer.sendBatch({
    topicMessages: [{ topic: TOPIC, messages: [{ key: 'a', value: 'again' }] }],
    acks: 1,
    compression: 1,
  })
  const silent = await producer.send({ topic: TOPIC, messages: [{ value: 'x', partition: 0 }], acks: 0 })
  await producer.disconnect()
  const sorted = [...sent].sort((a, b) => a.partition - b.partition)
  const told = (each: object) => ({
    ...each,
    ...('logAppendTime' in each && { logAppendTime: timeOf(each.logAppendTime) }),
  })
  return { sent: sorted.map(told), again: again.map(told), silent: silent.length }
}

const timeOf = (time: unknown) => (time === '-1' ? '-1' : 'now')

const consume: Program = async (kafka) => {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: TOPIC, messages })
  await producer.disconnect()
  const read: { partition: number; message: ReturnType<typeof messageOf> }[] = []
  await withConsumer(kafka, 'consume', async (consumer) => {
    await consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        if (topic === TOPIC) read.push({ partition, message: messageOf(message) })
      },
    })
    await eventually(() => read.length === messages.length)
  })
  return { read: read.sort((a, b) => a.partition - b.partition || Number(a.message.offset) - Number(b.message.offset)) }
}

const batches: Program = async (kafka) => {
  await seed(kafka, 5)
  let seen: object = {}
  let count = 0
  await withConsumer(kafka, 'batches', async (consumer) => {
    await consumer.run({
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, isRunning, isStale, uncommittedOffsets, commitOffsetsIfNecessary }) => {
        for (const message of batch.messages) resolveOffset(message.offset)
        count += batch.messages.length
        seen = {
          topic: batch.topic,
          partition: batch.partition,
          highWatermark: batch.highWatermark,
          last: batch.lastOffset(),
          lag: batch.offsetLag(),
          isEmpty: batch.isEmpty(),
          isRunning: isRunning(),
          isStale: isStale(),
          uncommitted: uncommittedOffsets(),
        }
        await commitOffsetsIfNecessary()
      },
    })
    await eventually(() => count === 5)
  })
  return { seen, count }
}

const seek: Program = async (kafka) => {
  await seed(kafka, 10)
  const offsets: string[] = []
  await withConsumer(kafka, 'seek', async (consumer) => {
    await consumer.run({ eachMessage: async ({ message }) => void offsets.push(message.offset) })
    await eventually(() => offsets.length === 10)
    consumer.seek({ topic: TOPIC, partition: 0, offset: '6' })
    await eventually(() => offsets.length === 14)
  })
  return { offsets }
}

const pause: Program = async (kafka) => {
  await seed(kafka, 3)
  const offsets: string[] = []
  const paused: unknown[] = []
  await withConsumer(kafka, 'pause', async (consumer) => {
    await consumer.run({
      eachMessage: async ({ message, pause: pauseThis }) => {
        offsets.push(message.offset)
        if (message.offset === '1' && paused.length === 0) {
          const resume = pauseThis()
          paused.push(consumer.paused())
          setTimeout(resume, 200)
        }
      },
    })
    await eventually(() => offsets.includes('2'))
    paused.push(consumer.paused())
    consumer.pause([{ topic: TOPIC, partitions: [1] }])
    paused.push(consumer.paused())
    consumer.resume([{ topic: TOPIC }])
    paused.push(consumer.paused())
  })
  return { offsets, paused }
}

const commit: Program = async (kafka) => {
  await seed(kafka, 6)
  const admin = kafka.admin()
  await admin.connect()
  const first: string[] = []
  await withConsumer(kafka, 'commit', async (consumer) => {
    await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => void first.push(message.offset) })
    await eventually(() => first.length === 6)
    await consumer.commitOffsets([{ topic: TOPIC, partition: 0, offset: '4', metadata: 'mine' }])
  })
  const committed = await admin.fetchOffsets({ groupId: 'commit', topics: [TOPIC] })
  const second: string[] = []
  await withConsumer(kafka, 'commit', async (consumer) => {
    await consumer.run({ eachMessage: async ({ message }) => void second.push(message.offset) })
    await eventually(() => second.length === 2)
  })
  const after = await admin.fetchOffsets({ groupId: 'commit' })
  await admin.disconnect()
  return { first, committed: sorted(committed), second, after: sorted(after) }
}

function sorted(offsets: { topic: string; partitions: { partition: number }[] }[]) {
  return offsets.map(({ topic, partitions }) => ({
    topic,
    partitions: [...partitions].sort((a, b) => a.partition - b.partition),
  }))
}

const topics: Program = async (kafka) => {
  const admin = kafka.admin()
  await admin.connect()
  const seen = {
    created: await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 2 }] }),
    again: await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 2 }] }),
    listed: (await admin.listTopics()).sort(),
    metadata: await admin.fetchTopicMetadata({ topics: ['made'] }),
  }
  await admin.createPartitions({ topicPartitions: [{ topic: 'made', count: 4 }] })
  const grown = (await admin.fetchTopicMetadata({ topics: ['made'] })).topics[0]?.partitions.length
  await seed(kafka, 3, 1)
  const offsets = await admin.fetchTopicOffsets(TOPIC)
  const byTime = await admin.fetchTopicOffsetsByTimestamp(TOPIC, Date.now() - 3_600_000)
  await admin.deleteTopics({ topics: ['made'] })
  const left = await admin.listTopics()
  await admin.disconnect()
  return { ...seen, grown, offsets: byPartition(offsets), byTime: byPartition(byTime), left }
}

function byPartition<T extends { partition: number }>(entries: T[]): T[] {
  return [...entries].sort((a, b) => a.partition - b.partition)
}

const groups: Program = async (kafka) => {
  await seed(kafka, 2)
  const admin = kafka.admin()
  await admin.connect()
  let read = 0
  const live = await withConsumer(kafka, 'live', async (consumer) => {
    await consumer.run({ eachMessage: async () => void read++ })
    await eventually(() => read === 2)
    const { groups: described } = await admin.describeGroups(['live'])
    const { groups: listed } = await admin.listGroups()
    return {
      listed,
      described: described.map(({ members, ...group }) => ({
        ...group,
        members: members.map(({ memberId, clientHost, memberMetadata, memberAssignment, ...member }) => ({
          ...member,
          hasId: memberId.length > 0,
          hasHost: clientHost.length > 0,
          metadata: memberMetadata.toString('base64'),
          assignment: memberAssignment.toString('base64'),
        })),
      })),
    }
  })
  const left = await admin.describeGroups(['live', 'never'])
  await admin.setOffsets({ groupId: 'live', topic: TOPIC, partitions: [{ partition: 0, offset: '1' }] })
  const set = sorted(await admin.fetchOffsets({ groupId: 'live', topics: [TOPIC] }))
  await admin.resetOffsets({ groupId: 'live', topic: TOPIC, earliest: true })
  const reset = sorted(await admin.fetchOffsets({ groupId: 'live', topics: [TOPIC], resolveOffsets: true }))
  const deleted = await admin.deleteGroups(['live'])
  const deletedAgain = await failure(() => admin.deleteGroups(['live']))
  await admin.disconnect()
  return { live, left, set, reset, deleted, deletedAgain }
}

const errors: Program = async (kafka) => {
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1, initialRetryTime: 10 } })
  const admin = kafka.admin({ retry: { retries: 1, initialRetryTime: 10 } })
  await producer.connect()
  await admin.connect()
  const value = [{ value: 'v' }]
  const seen = {
    missingTopic: await failure(() => producer.send({ topic: 'missing', messages: value })),
    noTopic: await failure(() => producer.send({ topic: '', messages: value })),
    noMessages: await failure(() => producer.send({ topic: TOPIC, messages: undefined as never })),
    noValue: await failure(() => producer.send({ topic: TOPIC, messages: [{} as never] })),
    tooLarge: await failure(() => producer.send({ topic: TOPIC, messages: [{ value: Buffer.alloc(1_100_000) }] })),
    metadata: await failure(() => admin.fetchTopicMetadata({ topics: ['missing'] })),
    offsets: await failure(() => admin.fetchTopicOffsets('missing')),
    deletion: await failure(() => admin.deleteTopics({ topics: ['missing'] })),
    notFewer: await failure(() => admin.createPartitions({ topicPartitions: [{ topic: TOPIC, count: 1 }] })),
    partitionsOfMissing: await failure(() =>
      admin.createPartitions({ topicPartitions: [{ topic: 'missing', count: 2 }] }),
    ),
    badName: await failure(() => admin.createTopics({ topics: [{ topic: 'no blanks please' }] })),
    noGroupId: await failure(() => kafka.consumer({ groupId: '' })),
    subscribeMissing: await failure(async () => {
      const consumer = kafka.consumer({
        groupId: 'e',
        allowAutoTopicCreation: false,
        retry: { retries: 1, initialRetryTime: 10 },
      })
      await consumer.connect()
      try {
        await consumer.subscribe({ topics: ['missing'] })
      } finally {
        await consumer.disconnect()
      }
    }),
    seekTooEarly: await failure(() =>
      kafka.consumer({ groupId: 'e' }).seek({ topic: TOPIC, partition: 0, offset: '1' }),
    ),
    seekNowhere: await failure(() =>
      kafka.consumer({ groupId: 'e' }).seek({ topic: TOPIC, partition: 0, offset: 'x' as string }),
    ),
  }
  await producer.disconnect()
  await admin.disconnect()
  return seen
}

const events: Program = async (kafka) => {
  await seed(kafka, 2)
  const consumer = kafka.consumer(quick('events'))
  const order: string[] = []
  const payloads: Record<string, unknown> = {}
  const seldom = [
    'CONNECT',
    'GROUP_JOIN',
    'START_BATCH_PROCESS',
    'END_BATCH_PROCESS',
    'COMMIT_OFFSETS',
    'STOP',
    'DISCONNECT',
  ]
  for (const name of seldom) {
    const event = consumer.events[name as keyof typeof consumer.events]
    consumer.on(event as 'consumer.connect', ({ type, payload }) => {
      if (order.includes(type)) return
      order.push(type)
      payloads[type] = payload ? Object.keys(payload as object).sort() : 'none'
    })
  }
  await consumer.connect()
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true })
  let read = 0
  await consumer.run({ eachMessage: async () => void read++ })
  await eventually(() => read === 2 && order.includes('consumer.commit_offsets'))
  await consumer.disconnect()
  return { order, payloads }
}

export const programs: Readonly<Record<string, Program>> = {
  produce,
  consume,
  batches,
  seek,
  pause,
  commit,
  topics,
  groups,
  errors,
  events,
}
