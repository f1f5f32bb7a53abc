import { createAdmin } from './admin/admin.js'
import type { Admin } from './admin/calls.js'
import { type ClientContext, createClientContext } from './client/context.js'
import { isPartitionerWarningSilenced, kafkaSettings } from './config/config.js'
import { refuseOldNode } from './config/node-version.js'
import { unknownOptions } from './config/unknown-options.js'
import { createConsumer } from './consumer/consumer.js'
import { createLogger } from './instrumentation/logger.js'
import { createProducer } from './producer/producer.js'
import type { AuthProvider } from './types/auth-provider.js'
import type {
  AdminConfig,
  ConnectionStringConfig,
  Consumer,
  ConsumerConfig,
  KafkaConfig,
  Logger,
  Producer,
  ProducerConfig,
} from './types/index.js'

refuseOldNode(process.versions.node)

/** One per process, whichever `Kafka` comes first, as in kafkajs. */
let partitionerWarned = false

function warnOfDefaultPartitioner(logger: Logger): void {
  if (partitionerWarned || isPartitionerWarningSilenced()) return
  partitionerWarned = true
  logger.warn(
    'The default partitioner is the one that kafkajs v2.0.0 switched to. A program that began with kafkajs v1 keeps its partitions with createPartitioner: Partitioners.LegacyPartitioner; see https://kafka.js.org/docs/migration-guide-v2.0.0#producer-new-default-partitioner. The environment variable KAFKAJS_NO_PARTITIONER_WARNING=1 silences this warning',
  )
}

/** The parts a `Kafka` is made of. */
interface KafkaState {
  readonly context: ClientContext
  readonly connected: Set<{ disconnect(): Promise<void> }>
}

/**
 * The key of the state. Not in `#private` fields: those make a class nominal, and then the `Kafka` of a program's ESM
 * half is no argument for a function of its CJS half, and no Proxy or fake passes for one.
 */
const stateKey = Symbol('kafkajs-eventhubs.kafka')

/**
 * The key under which `readDiagnostics` finds what it reads. Of the whole process: a program may have this package twice,
 * under another name or in two versions.
 *
 * @internal
 */
export const diagnosticsKey: unique symbol = Symbol.for('kafkajs-eventhubs.diagnostics')

const stateOf = (kafka: object) => (kafka as { [stateKey]: () => KafkaState })[stateKey]()

/**
 * The source of credentials of the clients of a `Kafka`. Throws KafkaJSSASLAuthenticationError for incomplete `sasl`.
 *
 * @internal
 */
export const authProviderOf = (kafka: Kafka): AuthProvider => stateOf(kafka).context.auth()

/**
 * Makes `[Symbol.asyncDispose]` of a client, for `await using`, call whatever `disconnect` is by then: tracing libraries
 * replace it. It is not in the client's type, or else fakes and overridden methods of kafkajs's type would not compile.
 */
function tracked<Client extends Producer | Consumer | Admin>(kafka: object, client: Client): Client {
  const { connected } = stateOf(kafka)
  const on = client.on as (name: string, listener: () => void) => void
  on(client.events.CONNECT, () => connected.add(client))
  on(client.events.DISCONNECT, () => connected.delete(client))
  const value = () => client.disconnect()
  return Object.defineProperty(client, Symbol.asyncDispose, { configurable: true, writable: true, value })
}

/**
 * The maker of clients: kafkajs's `Kafka`, on an Event Hubs namespace.
 *
 * @public
 */
export interface Kafka {
  /** Makes a producer; it connects when told to. Besides kafkajs's members it has `[Symbol.asyncDispose]`. */
  producer(config?: ProducerConfig): Producer
  /**
   * Makes a consumer; it connects when told to. Besides kafkajs's members it has `[Symbol.asyncDispose]`. Throws
   * `KafkaJSNonRetriableError` without a group id.
   */
  consumer(config: ConsumerConfig): Consumer
  /** Makes an admin client; it connects by itself. Besides kafkajs's members it has `[Symbol.asyncDispose]`. */
  admin(config?: AdminConfig): Admin
  /** The root logger. */
  logger(): Logger
}

/**
 * Makes a `Kafka`, which may be subclassed. What comes out can be given to `await using`: that disconnects every client
 * that it made and that is connected. It is not in the type `Kafka`, or fakes of it would not compile.
 *
 * @public
 */
export interface KafkaConstructor {
  /**
   * Takes kafkajs's options and, as `eventHubs`, what Event Hubs has besides. Opens no connection. Throws
   * `KafkaJSNotImplemented` or `KafkaJSSASLAuthenticationError` for options that Event Hubs over AMQP cannot honour, and
   * `KafkaJSNonRetriableError` for values that make no sense.
   */
  new (config: KafkaConfig | ConnectionStringConfig): Kafka & AsyncDisposable
  // Last, for programs that take `ConstructorParameters<typeof Kafka>`.
  /** The same. */
  new (config: KafkaConfig): Kafka & AsyncDisposable
  /** The prototype its methods are on. */
  readonly prototype: Kafka
}

/**
 * The maker of clients: kafkajs's `Kafka`, on an Event Hubs namespace.
 *
 * @public
 */
export const Kafka: KafkaConstructor = class Kafka implements AsyncDisposable {
  constructor(config: KafkaConfig | ConnectionStringConfig) {
    const settings = kafkaSettings(config)
    const { logLevel, logCreator } = config
    const logger = createLogger({ ...(logLevel != null && { level: logLevel }), ...(logCreator && { logCreator }) })
    for (const sentence of unknownOptions(config.eventHubs)) logger.warn(sentence)
    const state: KafkaState = { context: createClientContext(settings, logger), connected: new Set() }
    // Behind a function: `util.inspect` with `showHidden` looks into everything else, and shows keys and passwords.
    Object.defineProperty(this, stateKey, { value: () => state })
    Object.defineProperty(this, diagnosticsKey, { value: state.context.diagnostics })
  }

  producer(config?: ProducerConfig): Producer {
    const { context } = stateOf(this)
    const producer = createProducer(context, config)
    if (config?.createPartitioner == null) warnOfDefaultPartitioner(context.logger)
    const retries = config?.retry?.retries ?? context.settings.retry?.retries
    if (config?.idempotent && retries !== undefined && retries < Number.MAX_SAFE_INTEGER)
      producer.logger().warn('Limiting retries for the idempotent producer may invalidate EoS guarantees')
    return tracked(this, producer)
  }

  consumer(config: ConsumerConfig): Consumer {
    return tracked(this, createConsumer(stateOf(this).context, config))
  }

  admin(config?: AdminConfig): Admin {
    return tracked(this, createAdmin(stateOf(this).context, config))
  }

  logger(): Logger {
    return stateOf(this).context.logger
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { connected } = stateOf(this)
    const outcomes = await Promise.allSettled([...connected].map((client) => client.disconnect()))
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, `${failures.length} clients failed to disconnect`)
  }
}
