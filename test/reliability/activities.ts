import { randomUUID } from 'node:crypto'
import { type Consumer, Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import type { Emulator } from '../../src/emulator/index.js'

/** What goes on while a fault strikes. */
export interface Activity extends AsyncDisposable {
  /** How many of its steps have succeeded so far. */
  readonly done: number
  /** Ends it, with what its books say: what was not as promised. */
  finish(): Promise<string[]>
}

export interface MatrixActivity {
  readonly name: string
  /** What holds whatever happens. */
  readonly promise: string
  start(emulator: Emulator, topic: string): Promise<Activity>
}

const PARTITIONS = 2
const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 20 }
const group = { heartbeatInterval: 100, sessionTimeout: 6000, maxWaitTimeInMs: 100, retry }
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const kafkaOf = (emulator: Emulator) =>
  new Kafka({ ...emulator.kafkaConfig({ clientId: 'matrix' }), logLevel: logLevel.NOTHING, retry })

/** Repeats a step until told to stop. */
function repeat(step: () => Promise<void>): { stop(): Promise<void>; readonly done: number } {
  let isStopped = false
  let done = 0
  const running = (async () => {
    while (!isStopped) {
      await step()
      done++
      await wait(5)
    }
  })()
  running.catch(() => undefined)
  return {
    get done() {
      return done
    },
    stop() {
      isStopped = true
      return running
    },
  }
}

/** Sends to each partition, step by step. */
async function startProducing(emulator: Emulator, topic: string, idempotent: boolean) {
  const producer = kafkaOf(emulator).producer({ idempotent, createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const values: string[] = []
  const steps = repeat(async () => {
    const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, value: randomUUID() }))
    await producer.send({ topic, messages })
    values.push(...messages.map(({ value }) => value))
  })
  return { producer, values, steps }
}

const producing = (idempotent: boolean): MatrixActivity => ({
  name: idempotent ? 'producing, idempotent' : 'producing',
  promise: idempotent ? 'every acknowledged message is stored once' : 'every acknowledged message is stored',
  async start(emulator, topic) {
    const { producer, values, steps } = await startProducing(emulator, topic, idempotent)
    return {
      get done() {
        return steps.done
      },
      async finish() {
        await steps.stop()
        const stored = new Map<string, number>()
        for (const { body } of emulator.eventHubs.get(topic)?.events() ?? [])
          stored.set(String(body), (stored.get(String(body)) ?? 0) + 1)
        const lost = values.filter((value) => !stored.has(value))
        const twice = idempotent ? values.filter((value) => (stored.get(value) ?? 0) > 1) : []
        return [...lost.map((value) => `${value} is lost`), ...twice.map((value) => `${value} is stored twice`)]
      },
      [Symbol.asyncDispose]: () => producer.disconnect(),
    }
  },
})

/** A group of two that reads what is produced meanwhile; a step is a message handled. */
const consuming: MatrixActivity = {
  name: 'consuming in a group of two',
  promise: 'every message is handled, in order',
  async start(emulator, topic) {
    const { producer, values, steps } = await startProducing(emulator, topic, false)
    const handled = new Set<string>()
    const offsets = new Map<number, number>()
    const problems: string[] = []
    const join = async () => {
      const consumer = kafkaOf(emulator).consumer({ groupId: 'matrix', ...group })
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) problems.push(`crashed for good: ${payload.error.message}`)
      })
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        partitionsConsumedConcurrently: PARTITIONS,
        async eachMessage({ partition, message }) {
          const value = String(message.value)
          const [offset, last] = [Number(message.offset), offsets.get(partition) ?? -1]
          // A message handled again may come anywhere, one handled first only behind those before it.
          if (!handled.has(value) && offset < last) problems.push(`${partition}/${offset} came after ${last}`)
          handled.add(value)
          offsets.set(partition, Math.max(last, offset))
        },
      })
      return consumer
    }
    const consumers: Consumer[] = [await join(), await join()]
    return {
      get done() {
        return handled.size
      },
      async finish() {
        await steps.stop()
        const end = Date.now() + 60_000
        while (values.some((value) => !handled.has(value)) && Date.now() < end) await wait(20)
        const lost = values.filter((value) => !handled.has(value))
        return [...problems, ...lost.map((value) => `${value} was never handled`)]
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([...consumers.map((consumer) => consumer.disconnect()), producer.disconnect()])
      },
    }
  },
}

/** A consumer that commits after each message; a step is a commit. */
const committing: MatrixActivity = {
  name: 'committing after each message',
  promise: 'what is committed was handled, and stays committed',
  async start(emulator, topic) {
    const { producer, steps } = await startProducing(emulator, topic, false)
    const kafka = kafkaOf(emulator)
    const consumer = kafka.consumer({ groupId: 'commits', ...group })
    const committed = new Map<number, number>()
    let done = 0
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: PARTITIONS,
      async eachMessage({ partition, message }) {
        const offset = Number(message.offset) + 1
        await consumer.commitOffsets([{ topic, partition, offset: String(offset) }])
        committed.set(partition, offset)
        done++
      },
    })
    return {
      get done() {
        return done
      },
      async finish() {
        await steps.stop()
        await consumer.stop()
        const admin = kafka.admin()
        const [stored] = await admin.fetchOffsets({ groupId: 'commits', topics: [topic] })
        await admin.disconnect()
        return [...committed].flatMap(([partition, offset]) => {
          const found = Number(stored?.partitions.find((one) => one.partition === partition)?.offset)
          return found === offset ? [] : [`partition ${partition}: committed ${offset}, stored ${found}`]
        })
      },
      async [Symbol.asyncDispose]() {
        await Promise.all([consumer.disconnect(), producer.disconnect()])
      },
    }
  },
}

/** Asks for the ends of a topic's partitions over and over. */
const administering: MatrixActivity = {
  name: 'asking as admin',
  promise: 'every question is answered',
  async start(emulator, topic) {
    const admin = kafkaOf(emulator).admin()
    await admin.connect()
    const steps = repeat(async () => {
      await admin.fetchTopicOffsets(topic)
      await admin.fetchTopicMetadata({ topics: [topic] })
    })
    return {
      get done() {
        return steps.done
      },
      async finish() {
        await steps.stop()
        return []
      },
      [Symbol.asyncDispose]: () => admin.disconnect(),
    }
  },
}

export const activities: readonly MatrixActivity[] = [
  producing(false),
  producing(true),
  consuming,
  committing,
  administering,
]
