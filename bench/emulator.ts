import { once } from 'node:events'
import { type KafkaConfig, Kafka as KafkaJS } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { endChild, startChild } from './child.js'

/** What a scenario works on. */
export interface Bench {
  readonly connectionString: string
  readonly port: number
  readonly kafka: Kafka
  /** The real kafkajs, at the emulator's Kafka endpoint. */
  readonly kafkajs: KafkaJS
  /** Makes an event hub nothing else uses; `count` limits what a partition keeps. */
  createEventHub(options: { partitionCount: number; count?: number }): Promise<string>
  /** Connections that are open. */
  connections(): Promise<number>
  /** µs of CPU that the emulator's process has spent. */
  cpu(): Promise<number>
  /** Bytes that the emulator holds on to, after a collection of garbage. */
  held(): Promise<number>
  /** Bytes resident in the emulator's process. */
  memory(): Promise<number>
  close(): Promise<void>
}

let hubs = 0

export async function openBench(): Promise<Bench> {
  const child = startChild('./emulator-process.ts', {}, ['--expose-gc'])
  const [{ connectionString, port, kafkaEndpoint }] = (await once(child, 'message')) as [
    { connectionString: string; port: number; kafkaEndpoint: KafkaConfig },
  ]
  const kafka = new Kafka({ clientId: 'bench', brokers: [`localhost:${port}`], logLevel: logLevel.ERROR })
  return {
    connectionString,
    port,
    kafka,
    kafkajs: new KafkaJS({ ...kafkaEndpoint, logLevel: logLevel.ERROR }),
    async createEventHub(options) {
      const name = `bench-${process.pid}-${hubs++}`
      child.send({ name, ...options })
      await once(child, 'message')
      return name
    },
    async connections() {
      child.send('connections')
      const [{ connections }] = (await once(child, 'message')) as [{ connections: number }]
      return connections
    },
    async cpu() {
      child.send('cpu')
      const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }]
      return cpu
    },
    async held() {
      child.send('held')
      const [{ held }] = (await once(child, 'message')) as [{ held: number }]
      return held
    },
    async memory() {
      child.send('memory')
      const [{ memory }] = (await once(child, 'message')) as [{ memory: number }]
      return memory
    },
    close: () => endChild(child),
  }
}
