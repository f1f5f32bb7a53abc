import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs'
import * as platformatic from '@platformatic/kafka'
import * as kafkajs from 'kafkajs'
import type { Emulator } from '../../../src/emulator/index.js'
import * as ours from '../../../src/index.js'
import { eventually } from '../../support/eventually.js'
import { asText, type Client, type Got, hex, type Written } from './records.js'

/** kafkajs's `IHeaders`: repeated names are an array. */
function grouped(headers: Written['headers']): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {}
  for (const [name, value] of headers) {
    const before = result[name]
    result[name] = before === undefined ? value : [...[before].flat(), value]
  }
  return result
}

function flat(headers: kafkajs.IHeaders = {}): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each) => hex(name, each as Buffer | undefined)),
  )
}

function kafkajsLike(
  name: string,
  options: { protocol: Client['protocol']; compresses: boolean; connect: (emulator: Emulator) => kafkajs.Kafka },
): Client {
  const { protocol, compresses, connect } = options
  return {
    name,
    protocol,
    compresses,
    writes: () => true,
    async write(emulator, topic, records) {
      const producer = connect(emulator).producer()
      await producer.connect()
      for (const compression of compresses ? [0, 1] : [0]) {
        for (const { key, value, headers } of records) {
          const message = { key, value, headers: grouped(headers), partition: 0 }
          await producer.send({ topic, messages: [message], compression })
        }
      }
      await producer.disconnect()
    },
    async read(emulator, topics) {
      const result: Record<string, Got[]> = Object.fromEntries(Object.keys(topics).map((topic) => [topic, []]))
      const consumer = connect(emulator).consumer({ groupId: `cross-${protocol}`, maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: Object.keys(topics), fromBeginning: true })
      await consumer.run({
        eachMessage: async ({ topic, message: { key, value, headers } }) => {
          result[topic]?.push({ key: asText(key), value: asText(value), headers: flat(headers) })
        },
      })
      await eventually(() => Object.entries(topics).every(([topic, count]) => result[topic]?.length === count))
      await consumer.disconnect()
      return result
    },
  }
}

const quiet = { logLevel: kafkajs.logLevel.NOTHING }

export const realKafkajs = kafkajsLike('kafkajs', {
  protocol: 'kafka',
  compresses: true,
  connect: (emulator) => new kafkajs.Kafka({ ...quiet, ...emulator.kafkaEndpointConfig({ clientId: 'cross' }) }),
})

export const thisLibrary = kafkajsLike('kafkajs-eventhubs', {
  protocol: 'amqp',
  compresses: false,
  connect: (emulator) =>
    new ours.Kafka({ ...quiet, ...emulator.kafkaConfig({ clientId: 'cross' }) }) as unknown as kafkajs.Kafka,
})

function platformaticOptions(emulator: Emulator) {
  const { sasl } = emulator.kafkaEndpointConfig()
  return {
    clientId: 'cross',
    bootstrapBrokers: [`127.0.0.1:${emulator.kafkaPort}`],
    sasl: { mechanism: 'PLAIN' as const, username: sasl.username, password: sasl.password },
  }
}

export const platformaticKafka: Client = {
  name: '@platformatic/kafka',
  protocol: 'kafka',
  compresses: true,
  // Its headers are a Map: a name can't be repeated.
  writes: ({ headers }) => new Map(headers).size === headers.length,
  async write(emulator, topic, records) {
    for (const compression of ['none', 'gzip'] as const) {
      const producer = new platformatic.Producer({ ...platformaticOptions(emulator), compression })
      for (const { key, value, headers } of records) {
        const message = {
          topic,
          partition: 0,
          ...(key !== null && { key: Buffer.from(key) }),
          ...(value !== null && { value: Buffer.from(value) }),
          headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
        }
        await producer.send({ messages: [message], acks: -1 })
      }
      await producer.close()
    }
  },
  async read(emulator, topics) {
    const consumer = new platformatic.Consumer({ ...platformaticOptions(emulator), groupId: 'cross-platformatic' })
    const result: Record<string, Got[]> = {}
    for (const [topic, count] of Object.entries(topics)) {
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', maxWaitTime: 100, autocommit: false })
      const got: Got[] = []
      for await (const { key, value, headers } of stream) {
        const list = [...headers].map(([name, text]) => hex(String(name), text as Buffer))
        got.push({ key: asText(key as Buffer | null), value: asText(value as Buffer | null), headers: list })
        if (got.length === count) break
      }
      await stream.close()
      result[topic] = got
    }
    await consumer.close(true)
    return result
  },
}

export const eventHubsSdk: Client = {
  name: '@azure/event-hubs',
  protocol: 'amqp',
  compresses: false,
  writes: ({ value }) => value !== null,
  async write(emulator, topic, records) {
    const producer = new EventHubProducerClient(emulator.connectionString, topic)
    for (const { key, value, headers } of records) {
      const event = { body: Buffer.from(value ?? ''), properties: Object.fromEntries(headers) }
      await producer.sendBatch([event], key === null ? {} : { partitionKey: key })
    }
    await producer.close()
  },
  async read(emulator, topics) {
    const result: Record<string, Got[]> = {}
    for (const [topic, count] of Object.entries(topics)) {
      const consumer = new EventHubConsumerClient('$Default', emulator.connectionString, topic)
      result[topic] = await new Promise<Got[]>((resolve, reject) => {
        const got: Got[] = []
        const subscription = consumer.subscribe(
          '0',
          {
            processEvents: async (events) => {
              for (const event of events) got.push(fromSdk(event.getRawAmqpMessage()))
              if (got.length === count) await subscription.close().then(() => resolve(got))
            },
            processError: async (error) => reject(error),
          },
          { startPosition: { sequenceNumber: -1 }, skipParsingBodyAsJson: true },
        )
      })
      await consumer.close()
    }
    return result
  },
}

interface RawEvent {
  readonly body?: unknown
  readonly messageAnnotations?: Record<string, unknown>
  readonly applicationProperties?: Record<string, unknown>
}

function fromSdk({ body, messageAnnotations, applicationProperties }: RawEvent): Got {
  const data = Buffer.isBuffer(body) ? body : ((body as { content?: Buffer }).content ?? Buffer.alloc(0))
  return {
    key: asText(messageAnnotations?.['x-opt-kafka-key'] as Buffer | undefined),
    value: asText(data),
    headers: Object.entries(applicationProperties ?? {}).map(([name, value]) => hex(name, value as Buffer)),
  }
}
