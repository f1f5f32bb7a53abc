import { expect, it } from 'vitest'
import type { Connection } from '../../../src/client/connection.js'
import { createTopics } from '../../../src/client/topics.js'
import { startEmulator } from '../../../src/emulator/index.js'
import { Kafka, Partitioners } from '../../../src/index.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
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

it('looks at sixteen at a time, no more and no fewer', async () => {
  const answered = createDeferred()
  const looks = { now: 0, most: 0 }
  const transport = {
    async getEventHubProperties() {
      looks.now++
      looks.most = Math.max(looks.most, looks.now)
      await answered.promise
      looks.now--
      return { partitionIds: ['0'] }
    },
  }
  const requests = { run: (_api: string, _broker: string, ask: () => Promise<unknown>) => ask() }
  const topics = createTopics({
    connect: async () => ({ transport, requests, address: { broker: 'b:1' } }) as unknown as Connection,
    settings: {
      retry: { initialRetryTime: 1, factor: 0, multiplier: 1, maxRetryTime: 1, retries: 0 },
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
    },
    logger: createLogger({ level: 0 }),
    awaitsMissing: false,
  })
  const counts = Promise.all(Array.from({ length: 1000 }, (_, index) => topics.of(`topic-${index}`).count()))
  await new Promise((resolve) => setImmediate(resolve))
  expect(looks.now).toBe(16)
  answered.resolve()
  await counts
  expect(looks).toEqual({ now: 0, most: 16 })
})
