import { randomUUID } from 'node:crypto'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.js'
import type { KafkaConfig } from '../../src/types/index.js'
import { eventually } from './eventually.js'

/** What conformance tests run against: an emulator of their own, or a real namespace with `TARGET=azure`. */
export interface Target extends AsyncDisposable {
  /** Configuration for `new Kafka()`; logs only errors unless told otherwise. */
  config(overrides?: Partial<KafkaConfig>): KafkaConfig
  /** Creates an event hub, by default of 4 partitions and a name of its own. Returns its name. */
  createTopic(options?: { partitions?: number; name?: string; consumerGroups?: string[] }): Promise<string>
  /** Undefined on a real namespace: tests that need it skip themselves there. */
  readonly emulator: Emulator | undefined
}

/** Time a client has to close its connections after the test. */
const GRACE_MS = 3000

/** Opens the target that the environment names. Use with `await using`. */
export function openTarget(options: EmulatorOptions = {}): Promise<Target> {
  return process.env['TARGET'] === 'azure' ? openAzure() : openEmulator(options)
}

/** Opens an emulator whatever the environment says, for tests that script faults. */
export async function openEmulator(options: EmulatorOptions = {}): Promise<Target & { readonly emulator: Emulator }> {
  const emulator = await startEmulator({ autoCreateEventHubs: false, ...options })
  return {
    emulator,
    config: (overrides = {}) => ({ logLevel: 1, ...emulator.kafkaConfig({ clientId: 'test' }), ...overrides }),
    async createTopic({ partitions = 4, name = uniqueName(), consumerGroups = [] } = {}) {
      emulator.eventHubs.create({ name, partitionCount: partitions, consumerGroups })
      return name
    },
    async [Symbol.asyncDispose]() {
      try {
        await eventually(() => assertNoConnections(emulator), { timeout: GRACE_MS })
      } finally {
        await emulator.close()
      }
    },
  }
}

function assertNoConnections({ stats }: Emulator): void {
  if (stats.openConnections > 0) {
    throw new Error(`The test left ${stats.openConnections} connections with ${stats.openLinks} links open`)
  }
}

async function openAzure(): Promise<Target> {
  const connectionString = process.env['EVENTHUBS_CONNECTION_STRING']
  const checkpointStore = process.env['KAFKAJS_EVENTHUBS_CHECKPOINT_STORE']
  if (!connectionString || !checkpointStore) {
    throw new Error('TARGET=azure needs EVENTHUBS_CONNECTION_STRING and KAFKAJS_EVENTHUBS_CHECKPOINT_STORE')
  }
  const { Kafka } = await import('../../src/index.js')
  const host = /Endpoint=sb:\/\/([^/;]+)/i.exec(connectionString)?.[1] ?? ''
  const config = (overrides: Partial<KafkaConfig> = {}): KafkaConfig => ({
    logLevel: 1,
    clientId: 'test',
    brokers: [`${host}:9093`],
    eventHubs: { connectionString, checkpointStore },
    ...overrides,
  })
  const admin = new Kafka(config()).admin()
  const created: string[] = []
  return {
    emulator: undefined,
    config,
    async createTopic({ partitions = 4, name = uniqueName() } = {}) {
      await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions }], waitForLeaders: true })
      created.push(name)
      return name
    },
    async [Symbol.asyncDispose]() {
      try {
        if (created.length > 0) await admin.deleteTopics({ topics: created })
      } finally {
        await admin.disconnect()
      }
    },
  }
}

const uniqueName = () => `test-${randomUUID().slice(0, 13)}`
