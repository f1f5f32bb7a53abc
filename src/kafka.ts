import { createAdmin } from './admin/admin.js'
import type { Management } from './admin/management.js'
import { createManagement } from './admin/management-from-settings.js'
import { authProviderFromSettings } from './auth/from-sasl.js'
import type { AuthProvider } from './auth/provider.js'
import { checkpointStoreFromString } from './checkpoint/from-string.js'
import { sharedMemoryCheckpointStore } from './checkpoint/memory.js'
import type { CheckpointStore } from './checkpoint/store.js'
import { isPartitionerWarningSilenced, kafkaSettings } from './config.js'
import { createConsumer } from './consumer/consumer.js'
import type { ClientContext } from './context.js'
import { createAzureTransport } from './eventhubs/azure-transport.js'
import type { EventHubsTransport } from './eventhubs/transport.js'
import { createLogger, type RootLogger } from './logger.js'
import { isLoopback, type ResolvedNamespace, resolveNamespace } from './namespace.js'
import { createProducer } from './producer/producer.js'
import type { KafkaSettings } from './settings.js'
import type {
  Admin,
  AdminConfig,
  ConnectionStringConfig,
  Consumer,
  ConsumerConfig,
  KafkaConfig,
  Logger,
  Producer,
  ProducerConfig,
} from './types.js'

/** What a transport was opened with; management is reached the same way. */
interface Opened {
  readonly namespace: ResolvedNamespace
  readonly auth: AuthProvider
  management?: Promise<Management | undefined>
}

/** One per process, whichever `Kafka` comes first, as in kafkajs. */
let partitionerWarned = false

function warnOfDefaultPartitioner(logger: Logger): void {
  if (partitionerWarned || isPartitionerWarningSilenced()) return
  partitionerWarned = true
  logger.warn(
    'The default partitioner is the one that kafkajs v2.0.0 switched to. A program that began with kafkajs v1 keeps its partitions with createPartitioner: Partitioners.LegacyPartitioner; see https://kafka.js.org/docs/migration-guide-v2.0.0#producer-new-default-partitioner. The environment variable KAFKAJS_NO_PARTITIONER_WARNING=1 silences this warning',
  )
}

/**
 * Where clients come from: kafkajs's `Kafka`, on an Event Hubs namespace.
 *
 * The constructor opens no connection. It throws `KafkaJSNotImplemented` or `KafkaJSSASLAuthenticationError` for options
 * that Event Hubs over AMQP cannot honour, and `KafkaJSNonRetriableError` for values that make no sense.
 *
 * @public
 */
export class Kafka {
  readonly #logger: RootLogger
  readonly #settings: KafkaSettings
  readonly #context: ClientContext
  readonly #connected = new Set<{ disconnect(): Promise<void> }>()

  /** Takes kafkajs's options and, as `eventHubs`, what Event Hubs has besides. */
  constructor(config: KafkaConfig | ConnectionStringConfig) {
    this.#settings = kafkaSettings(config)
    const { logLevel, logCreator } = config
    this.#logger = createLogger({ ...(logLevel != null && { level: logLevel }), ...(logCreator && { logCreator }) })
    this.#context = createContext(this.#settings, this.#logger)
  }

  /** Makes a producer; it connects when told to. */
  producer(config?: ProducerConfig): Producer & AsyncDisposable {
    const producer = createProducer(this.#context, config)
    if (config?.createPartitioner == null) warnOfDefaultPartitioner(this.#logger)
    const retries = config?.retry?.retries ?? this.#settings.retry?.retries
    if (config?.idempotent && retries !== undefined && retries < Number.MAX_SAFE_INTEGER)
      producer.logger().warn('Limiting retries for the idempotent producer may invalidate EoS guarantees')
    return this.#disposable(producer, producer.events)
  }

  /** Makes a consumer. Throws `KafkaJSNonRetriableError` without a group id. */
  consumer(config: ConsumerConfig): Consumer & AsyncDisposable {
    const consumer = createConsumer(this.#context, config)
    return this.#disposable(consumer, consumer.events)
  }

  /** Makes an admin client. */
  admin(config?: AdminConfig): Admin & AsyncDisposable {
    const admin = createAdmin(this.#context, config)
    return this.#disposable(admin, admin.events)
  }

  /** The root logger. */
  logger(): Logger {
    return this.#logger
  }

  /** Disconnects every client that this `Kafka` made and that is connected, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#connected].map((client) => client.disconnect()))
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} clients failed to disconnect`)
  }

  /** Adds `[Symbol.asyncDispose]`, which calls whatever `disconnect` is by then: tracing libraries replace it. */
  #disposable<Client extends Producer | Consumer | Admin>(
    client: Client,
    events: { CONNECT: string; DISCONNECT: string },
  ): Client & AsyncDisposable {
    const on = client.on as (name: string, listener: () => void) => void
    on(events.CONNECT, () => this.#connected.add(client))
    on(events.DISCONNECT, () => this.#connected.delete(client))
    return Object.defineProperty(client, Symbol.asyncDispose, {
      configurable: true,
      writable: true,
      value: () => client.disconnect(),
    }) as Client & AsyncDisposable
  }
}

function createContext(settings: KafkaSettings, logger: RootLogger): ClientContext {
  const opened = new WeakMap<EventHubsTransport, Opened>()
  let auth: AuthProvider | undefined
  let configuredStore: CheckpointStore | undefined

  const openedOf = (transport: EventHubsTransport): Opened => {
    const found = opened.get(transport)
    // Only a transport of another Kafka could be missing.
    if (!found) throw new TypeError('The transport was opened by another Kafka instance')
    return found
  }

  return {
    settings,
    logger,
    async openTransport() {
      const namespace = await resolveNamespace(settings)
      auth ??= authProviderFromSettings(settings)
      const transport = createAzureTransport({ namespace, auth, settings, logger: logger.namespace('Connection') })
      opened.set(transport, { namespace, auth })
      return transport
    },
    async checkpointStore(transport) {
      const { checkpointStore } = settings.eventHubs
      if (typeof checkpointStore === 'string') {
        const { auth } = openedOf(transport)
        configuredStore ??= checkpointStoreFromString(checkpointStore, {
          auth,
          logger: logger.namespace('CheckpointStore'),
        })
        return configuredStore
      }
      if (checkpointStore) return checkpointStore
      const { isEmulator, fullyQualifiedNamespace } = transport.address
      return isEmulator || isLoopback(fullyQualifiedNamespace) ? sharedMemoryCheckpointStore() : undefined
    },
    async management(transport) {
      if (settings.eventHubs.management === false) return undefined
      const entry = openedOf(transport)
      const { namespace, auth } = entry
      entry.management ??= createManagement({
        namespace,
        auth,
        settings,
        logger: logger.namespace('Management'),
      }).catch((error: unknown) => {
        delete entry.management
        throw error
      })
      return entry.management
    },
  }
}
