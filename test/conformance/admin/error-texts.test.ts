import { describe, expect, it } from 'vitest'
import { Kafka, type KafkaConfig, logLevel } from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'

/** Programs tell errors apart by the texts that Kafka's protocol gives them: those come first, advice after. */
describe('an error begins with the text that it has with kafkajs', () => {
  const failures: [string, RegExp, (kafka: Kafka) => Promise<unknown>][] = [
    [
      'too few partitions',
      /^Number of partitions is invalid: ./,
      async (kafka) => {
        await using admin = disposable(kafka.admin())
        await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 1 }] })
      },
    ],
    [
      'deleting a topic that is not there',
      /^This server does not host this topic-partition: ./,
      async (kafka) => {
        await using admin = disposable(kafka.admin())
        await admin.deleteTopics({ topics: ['nothing'] })
      },
    ],
    [
      'subscribing to a topic that is not there',
      /^This server does not host this topic-partition: there is no event hub "nothing" in localhost/,
      async (kafka) => {
        await using consumer = disposable(kafka.consumer({ groupId: 'g', allowAutoTopicCreation: false }))
        await consumer.subscribe({ topic: 'nothing' })
      },
    ],
    [
      'asking for the metadata of a topic that is not there',
      /^This server does not host this topic-partition/,
      async (kafka) => {
        await using admin = disposable(kafka.admin())
        await admin.fetchTopicMetadata({ topics: ['nothing'] })
      },
    ],
    [
      'a topic that is there already',
      /^Topic with this name already exists: ./,
      async (kafka) => {
        await using admin = disposable(kafka.admin())
        await admin
          .createTopics({ topics: [{ topic: 'orders' }, { topic: 'no/name' }] })
          .catch(({ errors }: { errors: Error[] }) => {
            expect(errors[1]?.message).toMatch(/^The request attempted to perform an operation on an invalid topic: ./)
            throw errors[0]
          })
      },
    ],
    [
      'a message that is too large',
      /^The request included a message larger than the max message size the server will accept/,
      async (kafka) => {
        await using producer = disposable(kafka.producer())
        await producer.connect()
        await producer.send({ topic: 'orders', messages: [{ value: Buffer.alloc(2_000_000) }] })
      },
    ],
  ]

  it.each(failures)('%s', async (_, text, fail) => {
    await using target = await openEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
    const kafka = new Kafka(target.config({ logLevel: logLevel.NOTHING, retry: { initialRetryTime: 1, retries: 1 } }))
    await expect(fail(kafka)).rejects.toThrow(text)
  })

  it.each(['producer', 'admin'] as const)('a wrong key, of a %s', async (kind) => {
    await using target = await openEmulator()
    const config: KafkaConfig = {
      brokers: [`localhost:${target.emulator.port}`],
      logLevel: logLevel.NOTHING,
      sasl: {
        mechanism: 'plain',
        username: '$ConnectionString',
        password: target.emulator.connectionString.replace(/SharedAccessKey=[^;]+/, 'SharedAccessKey=d3Jvbmc='),
      },
    }
    await using client = disposable(new Kafka(config)[kind]())
    await expect(client.connect()).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringMatching(/^SASL PLAIN authentication failed/),
    })
  })
})
