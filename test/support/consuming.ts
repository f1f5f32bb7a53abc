import { randomUUID } from 'node:crypto'
import {
  type Admin,
  type Consumer,
  type ConsumerConfig,
  type ConsumerRunConfig,
  type EachMessagePayload,
  type InstrumentationEvent,
  Kafka,
  type KafkaConfig,
  logLevel,
  type Message,
  type Producer,
} from 'kafkajs-eventhubs'
import { eventually } from './eventually.js'
import type { Target } from './harness.js'
import { scaled } from './pace.js'

/** A message as a test looks at it. */
export interface Received {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly value: string
}

/** What a consumer was handed, in the order of handling. */
export interface Reading {
  readonly received: readonly Received[]
  /** The values of one partition, or of all. */
  values(partition?: number): string[]
  /** Resolves when so many messages have come. */
  count(atLeast: number, timeout?: number): Promise<void>
}

export interface ReadOptions extends ConsumerRunConfig {
  readonly topics?: (string | RegExp)[]
  readonly fromBeginning?: boolean
  /** Called with each message after it has been noted. */
  readonly handle?: (payload: EachMessagePayload) => unknown
}

/** One topic, one group, and the clients that a test makes for them; all are disconnected at the end. */
export interface Bench extends AsyncDisposable {
  readonly topic: string
  readonly groupId: string
  readonly kafka: Kafka
  readonly producer: Producer
  readonly admin: Admin
  /** A consumer of the group, with short intervals. */
  consumer(config?: Partial<ConsumerConfig>): Consumer
  /** Sends values, or messages, to one partition (default 0); values are sent in order. */
  send(messages: readonly (string | Message)[], partition?: number, topic?: string): Promise<void>
  /** Subscribes and runs; resolves when the group has been joined. */
  read(consumer: Consumer, options?: ReadOptions): Promise<Reading>
  /** Partition → committed offset, of those that have one. */
  committed(topic?: string): Promise<Record<number, string>>
}

export interface BenchOptions {
  readonly partitions?: number
  /** Event Hubs consumer groups to make, besides `$Default`; `groupId` stands for the bench's. */
  readonly consumerGroups?: string[]
  readonly kafka?: Partial<KafkaConfig>
}

/** Intervals short enough for tests, long enough for a busy machine. */
export const quick = {
  heartbeatInterval: 200,
  sessionTimeout: 6000,
  maxWaitTimeInMs: 100,
  retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 5 },
} satisfies Partial<ConsumerConfig>

export async function openBench(target: Target, options: BenchOptions = {}): Promise<Bench> {
  const { partitions = 1, consumerGroups = [] } = options
  const groupId = `group-${randomUUID().slice(0, 13)}`
  const topic = await target.createTopic({
    partitions,
    consumerGroups: consumerGroups.map((name) => (name === 'groupId' ? groupId : name)),
  })
  const kafka = new Kafka(target.config({ logLevel: logLevel.NOTHING, ...options.kafka }))
  const clients: { disconnect(): Promise<void> }[] = []
  const keep = <C extends { disconnect(): Promise<void> }>(client: C): C => {
    clients.push(client)
    return client
  }
  const producer = keep(
    kafka.producer({
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    }),
  )
  const admin = keep(kafka.admin())
  await producer.connect()

  return {
    topic,
    groupId,
    kafka,
    producer,
    admin,
    consumer: (config) => keep(kafka.consumer({ groupId, ...quick, ...config })),
    async send(messages, partition = 0, to = topic) {
      const list = messages.map((one) => (typeof one === 'string' ? { value: one, partition } : { partition, ...one }))
      await producer.send({ topic: to, messages: list })
    },
    async read(consumer, { topics = [topic], fromBeginning = true, handle, ...run } = {}) {
      await consumer.subscribe({ topics, fromBeginning })
      const received: Received[] = []
      const eachMessage = async (payload: EachMessagePayload) => {
        const { topic, partition, message } = payload
        received.push({ topic, partition, offset: message.offset, value: String(message.value) })
        await handle?.(payload)
      }
      await consumer.run({ ...(run.eachBatch ? {} : { eachMessage }), ...run })
      return {
        received,
        values: (partition) =>
          received.filter((one) => partition === undefined || one.partition === partition).map(({ value }) => value),
        count: async (atLeast, timeout) => {
          await eventually(
            () => {
              if (received.length < atLeast) throw new Error(`${received.length} of ${atLeast} messages have come`)
            },
            timeout === undefined ? {} : { timeout },
          )
        },
      }
    },
    async committed(of = topic) {
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [of] })
      return Object.fromEntries(
        (offsets?.partitions ?? []).filter(({ offset }) => offset !== '-1').map((one) => [one.partition, one.offset]),
      )
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.disconnect()))
    },
  }
}

/** The events of a consumer, as they come: their names without the prefix, and their payloads. */
export function listen(consumer: Consumer, ...names: (keyof Consumer['events'])[]) {
  const events: { name: keyof Consumer['events']; payload: never; timestamp: number }[] = []
  for (const name of names) {
    // biome-ignore lint/suspicious/noExplicitAny: the payload depends on the name
    consumer.on(consumer.events[name], ({ payload, timestamp }: InstrumentationEvent<any>) => {
      events.push({ name, payload: payload as never, timestamp })
    })
  }
  return {
    events,
    names: () => events.map(({ name }) => name),
    payloads: <P = Record<string, never>>(name: keyof Consumer['events']) =>
      events.filter((event) => event.name === name).map(({ payload }) => payload as P),
  }
}

/** The payload of the next event of a name. */
export function next<P = unknown>(consumer: Consumer, name: keyof Consumer['events'], timeout = 15_000): Promise<P> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      remove()
      reject(new Error(`No ${name} within ${timeout} ms`))
    }, scaled(timeout))
    const remove = consumer.on(consumer.events[name], ({ payload }: InstrumentationEvent<P>) => {
      clearTimeout(timer)
      remove()
      resolve(payload)
    })
  })
}

/** The whole numbers from 0, as texts. */
export const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i))

/** Positions that neither `commitOffsets()` nor `seek()` takes: what each is, and what is said of it. */
export const refusedPositions: readonly [string, object, string][] = [
  ['a topic that is none', { topic: null, partition: 0, offset: '0' }, 'Invalid topic null'],
  [
    'a partition that is no number',
    { topic: 't', partition: 'x', offset: '0' },
    'Invalid partition, expected a number received x',
  ],
  [
    'an offset that is no number',
    { topic: 't', partition: 0, offset: 'x' },
    'Invalid offset, expected a long received x',
  ],
  [
    'anything before run()',
    { topic: 't', partition: 0, offset: '1' },
    'Consumer group was not initialized, consumer#run must be called first',
  ],
]
