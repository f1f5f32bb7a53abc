import { expect, it } from 'vitest'
import { startEmulator } from '../../../src/emulator/index.js'
import { Kafka, Partitioners } from '../../../src/index.js'

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
