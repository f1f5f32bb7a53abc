import { authProviderFromSettings } from '../../../src/auth/from-settings.js'
import { adminSettings, kafkaSettings, resolveNamespace } from '../../../src/config/config.js'
import type { Emulator } from '../../../src/emulator/index.js'
import { createAzureTransport, type TransportOptions } from '../../../src/eventhubs/azure-transport.js'
import { encodedSize } from '../../../src/eventhubs/sending/encoding.js'
import type { EventSender } from '../../../src/eventhubs/sending/sender.js'
import type { Transfer } from '../../../src/eventhubs/sending/transfer.js'
import type { EventHubsTransport, PartitionReader, ReaderOptions } from '../../../src/eventhubs/transport.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { OutgoingEvent } from '../../../src/translate/event.js'
import { logLevel } from '../../../src/types/enums.js'
import type { KafkaConfig, LogEntry } from '../../../src/types/index.js'

/** A transport that closes itself, and what it logged. */
export type TestTransport = EventHubsTransport & AsyncDisposable & { readonly log: LogEntry[] }

/** Opens a transport to an emulator. */
export async function openTransport(
  emulator: Emulator,
  config: Partial<KafkaConfig> = {},
  options: Partial<TransportOptions> = {},
): Promise<TestTransport> {
  const settings = kafkaSettings({ clientId: 'test', brokers: [`localhost:${emulator.port}`], ...config })
  const log: LogEntry[] = []
  const logger = createLogger({ level: logLevel.DEBUG, logCreator: () => (entry) => log.push(entry) })
  const transport = createAzureTransport({
    namespace: await resolveNamespace(settings),
    auth: authProviderFromSettings(settings),
    settings,
    retry: adminSettings(undefined, settings).retry,
    logger,
    ...options,
  })
  return Object.assign(transport, { log, [Symbol.asyncDispose]: () => transport.close() })
}

export const eventOf = (text: string): OutgoingEvent => ({ bodyType: 'data', body: Buffer.from(text) })

/** A transfer with these events. */
export async function transferOf(sender: EventSender, ...texts: string[]): Promise<Transfer> {
  const transfer = await sender.newTransfer()
  for (const event of texts.map(eventOf)) {
    if (!transfer.tryAdd(event, encodedSize(event, transfer.isNumbered))) throw new Error('It does not fit')
  }
  return transfer
}

/** Sends events in one transfer, over a link of its own. */
export async function send(transport: EventHubsTransport, hub: string, partition: string, ...texts: string[]) {
  const sender = transport.openSender(hub, partition, { idempotent: false })
  try {
    await sender.send(await transferOf(sender, ...texts))
  } finally {
    await sender.close()
  }
}

/** A reader that keeps what it gets. */
export interface Collector {
  readonly sequenceNumbers: number[]
  /** How many events came at a time. */
  readonly chunks: number[]
  readonly ended: Promise<Error>
  close(): Promise<void>
}

type Place = Pick<ReaderOptions, 'eventHubName' | 'partitionId'>

export function collect(transport: EventHubsTransport, options: Place & Partial<ReaderOptions>): Collector {
  const sequenceNumbers: number[] = []
  const chunks: number[] = []
  let onEnd!: (error: Error) => void
  const ended = new Promise<Error>((resolve) => {
    onEnd = resolve
  })
  const reader = openReader(transport, { onEnd, ...options })
  const read = async () => {
    for (let chunk = await reader.next(); chunk; chunk = await reader.next()) {
      chunks.push(chunk.events.length)
      sequenceNumbers.push(...chunk.events.map((event) => event.sequenceNumber))
    }
  }
  read().catch(() => {})
  return { sequenceNumbers, chunks, ended, close: () => reader.close() }
}

/** Opens a reader from the beginning of a partition, which may hold a megabyte. */
export function openReader(transport: EventHubsTransport, options: Place & Partial<ReaderOptions>): PartitionReader {
  return transport.openReader({
    consumerGroup: '$Default',
    afterSequenceNumber: -1,
    budget: () => 1_048_576,
    onEnd: () => {},
    ...options,
  })
}

/** The text of every event of a partition, in order. */
export async function contents(transport: EventHubsTransport, hub: string, partition: string): Promise<string[]> {
  const { lastEnqueuedSequenceNumber } = await transport.getPartitionProperties(hub, partition)
  const texts: string[] = []
  const reader = openReader(transport, { eventHubName: hub, partitionId: partition })
  while (texts.length <= lastEnqueuedSequenceNumber) {
    const chunk = await reader.next()
    if (!chunk) break
    texts.push(...chunk.events.map(({ data }) => String(data)))
  }
  await reader.close()
  return texts
}
