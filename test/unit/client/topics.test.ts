import { expect, it } from 'vitest'
import type { Connection } from '../../../src/client/connection.js'
import { createTopics } from '../../../src/client/topics.js'
import { startEmulator } from '../../../src/emulator/index.js'
import { createProtocolError } from '../../../src/errors/protocol-errors.js'
import { Kafka, Partitioners } from '../../../src/index.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { type Clock, systemClock } from '../../../src/util/clock.js'
import { createDeferred } from '../../../src/util/deferred.js'

it('looks at many topics a few at a time: their time does not run out in a queue', async () => {
  const topics = Array.from({ length: 60 }, (_, index) => `topic-${index}`)
  await using emulator = await startEmulator({ eventHubs: topics.map((name) => ({ name, partitionCount: 1 })) })
  const kafka = new Kafka(emulator.kafkaConfig({ clientId: 'looks' }))
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const looks: { from: number; to: number }[] = []
  producer.on(producer.events.REQUEST, ({ payload: { apiName, createdAt, duration } }) => {
    if (apiName === 'Metadata') looks.push({ from: createdAt, to: createdAt + duration })
  })

  await producer.sendBatch({ topicMessages: topics.map((topic) => ({ topic, messages: [{ value: 'x' }] })) })

  await producer.disconnect()

  expect(looks).toHaveLength(topics.length)
  const atATime = looks.map(({ from }) => looks.filter((look) => look.from <= from && from < look.to).length)
  expect(Math.max(...atATime)).toBeLessThanOrEqual(16)
  for (const topic of topics) expect(emulator.eventHubs.get(topic)?.events()).toHaveLength(1)
})

/** Calls that are answered together; how many at a time there were. */
function createGate() {
  const answered = createDeferred()
  const seen = { now: 0, most: 0 }
  return {
    seen,
    open: () => answered.resolve(),
    async pass() {
      seen.now++
      seen.most = Math.max(seen.most, seen.now)
      await answered.promise
      seen.now--
    },
  }
}

function topicsOf(
  getEventHubProperties: () => Promise<object>,
  createEventHub?: () => Promise<object>,
  clock: Pick<Clock, 'now'> = systemClock,
) {
  const connection = {
    transport: { getEventHubProperties },
    requests: { run: (_api: string, _broker: string, ask: () => Promise<unknown>) => ask() },
    address: { broker: 'b:1' },
    management: async () => createEventHub && { createEventHub },
  }
  return createTopics({
    connect: async () => connection as unknown as Connection,
    settings: {
      retry: { initialRetryTime: 1, factor: 0, multiplier: 1, maxRetryTime: 1, retries: 0 },
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: true,
    },
    logger: createLogger({ level: 0 }),
    awaitsMissing: false,
    clock,
  })
}

const names = Array.from({ length: 1000 }, (_, index) => `topic-${index}`)
const turn = () => new Promise((resolve) => setImmediate(resolve))

it('looks at sixteen at a time, no more and no fewer', async () => {
  const { seen, pass, open } = createGate()
  const topics = topicsOf(async () => {
    await pass()
    return { partitionIds: ['0'] }
  })
  const counts = Promise.all(names.map((name) => topics.of(name).count()))
  await turn()
  expect(seen.now).toBe(16)
  open()
  await counts
  expect(seen).toEqual({ now: 0, most: 16 })
})

it('creates sixteen at a time, no more and no fewer', async () => {
  const { seen, pass, open } = createGate()
  const created = { count: 0 }
  const topics = topicsOf(
    async () => {
      if (created.count < names.length) throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION')
      return { partitionIds: ['0'] }
    },
    async () => {
      await pass()
      created.count++
      return { partitionCount: 1 }
    },
  )
  const loads = Promise.allSettled(names.map((name) => topics.of(name).load()))
  await turn()
  await turn()
  expect(seen.now).toBe(16)
  open()
  await loads
  expect(seen).toEqual({ now: 0, most: 16 })
  expect(created.count).toBe(names.length)
})

it('looks again soon for a topic that was missing, and after metadataMaxAge for one that was there', async () => {
  const time = { now: 0 }
  let isThere = false
  let looks = 0
  const topics = topicsOf(
    async () => {
      looks++
      if (!isThere) throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION')
      return { partitionIds: ['0', '1'] }
    },
    undefined,
    { now: () => time.now },
  )
  const countAt = async (now: number) => {
    time.now = now
    return [await topics.of('later').count(), looks]
  }
  expect(await countAt(0)).toEqual([0, 1])
  expect(await countAt(4999)).toEqual([0, 1])
  isThere = true
  expect(await countAt(5000)).toEqual([2, 2])
  expect(await countAt(64_999)).toEqual([2, 2])
  expect(await countAt(65_000)).toEqual([2, 3])
})
