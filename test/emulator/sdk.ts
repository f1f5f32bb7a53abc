import {
  EventHubConsumerClient,
  type EventHubConsumerClientOptions,
  EventHubProducerClient,
  type EventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
} from '@azure/event-hubs'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.js'
import { eventually } from '../support/eventually.js'

/** One attempt: what fails is seen at once. */
export const once: EventHubConsumerClientOptions = { retryOptions: { maxRetries: 0, timeoutInMs: 10_000 } }

/** An emulator with the published SDK's clients; all of it is closed at the end of the test. */
export interface Bench extends AsyncDisposable {
  readonly emulator: Emulator
  readonly hub: string
  /** `timeout` is how long a send waits for its acknowledgement, ms. */
  producer(connectionString?: string, timeout?: number, name?: string): EventHubProducerClient
  consumer(options?: { group?: string; connectionString?: string; hub?: string }): EventHubConsumerClient
  /** Sends some bodies to a partition, as one batch. */
  send(partitionId: string, ...bodies: unknown[]): Promise<void>
  /** Begins to read a partition. */
  read(options?: ReadOptions): Reading
}

export interface ReadOptions extends SubscribeOptions {
  group?: string
  partition?: string
  from?: EventPosition
  client?: EventHubConsumerClient
}

/** A subscription and what it has brought. */
export interface Reading {
  readonly events: ReceivedEventData[]
  readonly errors: Error[]
  bodies(): unknown[]
  close(): Promise<void>
}

export async function openBench(options: EmulatorOptions & { partitions?: number } = {}): Promise<Bench> {
  const { partitions = 4, ...rest } = options
  const hub = 'hub'
  const emulator = await startEmulator({
    autoCreateEventHubs: false,
    eventHubs: [{ name: hub, partitionCount: partitions, consumerGroups: ['second'] }],
    ...rest,
  })
  const closers: (() => Promise<void>)[] = []
  const producer = (connectionString = emulator.connectionString, timeoutInMs = 10_000, name = hub) => {
    const client = new EventHubProducerClient(connectionString, name, { retryOptions: { maxRetries: 0, timeoutInMs } })
    closers.push(() => client.close())
    return client
  }
  const consumer: Bench['consumer'] = (wanted = {}) => {
    const { group = '$Default', connectionString = emulator.connectionString } = wanted
    const client = new EventHubConsumerClient(group, connectionString, wanted.hub ?? hub, once)
    closers.push(() => client.close())
    return client
  }
  let sender: EventHubProducerClient | undefined
  return {
    emulator,
    hub,
    producer,
    consumer,
    async send(partitionId, ...bodies) {
      sender ??= producer()
      await sender.sendBatch(
        bodies.map((body) => ({ body })),
        { partitionId },
      )
    },
    read({ group, partition = '0', from = { sequenceNumber: -1 }, client, ...subscribe } = {}) {
      const events: ReceivedEventData[] = []
      const errors: Error[] = []
      const reader = client ?? consumer(group === undefined ? {} : { group })
      const subscription = reader.subscribe(
        partition,
        {
          processEvents: async (batch) => {
            events.push(...batch)
          },
          processError: async (error) => {
            errors.push(error)
          },
        },
        { startPosition: from, maxBatchSize: 100, maxWaitTimeInSeconds: 1, ...subscribe },
      )
      return {
        events,
        errors,
        bodies: () => events.map((event) => event.body),
        close: () => subscription.close(),
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(closers.map((close) => close().catch(() => {})))
      await eventually(() => emulator.stats.openConnections === 0)
      await emulator.close()
    },
  }
}
