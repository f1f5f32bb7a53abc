import { isLoopback } from '../util/loopback.js'
import { type ClientConnection, endLinksOnChange } from './amqp/connection.js'
import { createAuthorizer } from './authorization.js'
import { createClientConfigs, type EmulatorKafkaConfig, type KafkaEndpointConfig } from './client-config.js'
import { DataDirectory } from './data-directory.js'
import { type EmulatorFaults, Faults, type FaultyConnection } from './faults.js'
import { createFaultsHandler } from './http/faults.js'
import { createNamespaceHandler } from './http/namespace.js'
import { type EmulatedEventHubs, inspectNamespace } from './inspection.js'
import { type EmulatedKafkaGroups, inspectKafkaGroups } from './kafka/inspection.js'
import { createKafkaLoader } from './kafka-loader.js'
import { warnOfLimits } from './limits.js'
import type { Ports } from './listeners.js'
import { Namespace } from './model/namespace.js'
import { createNamedFaults } from './named-faults.js'
import {
  checkKeys,
  DEFAULT_KEY,
  type EmulatorOptions,
  type EmulatorSettings,
  emulatorSettings,
  type SharedAccessKey,
} from './options.js'
import { startRestartable } from './restartable-server.js'
import { startServer } from './server.js'
import type { Service } from './service.js'
import { createStats, type EmulatorStats } from './stats.js'

/** A running emulator. @public */
export interface Emulator {
  /** Interface it listens on. */
  readonly host: string
  /** Port it listens on: AMQP, WebSockets and HTTP. */
  readonly port: number
  /** Of the first key for the whole namespace. With TLS it lacks `UseDevelopmentEmulator=true`, which means plain TCP. */
  readonly connectionString: string
  /** The same for one key or with `EntityPath`. Throws a `RangeError` when there is no such key. */
  connectionStringOf(options: { keyName?: string; eventHub?: string }): string
  /** Configuration for `new Kafka()`; `clientId` is kafkajs's default unless given. With TLS the certificate is trusted the Node way: `NODE_EXTRA_CA_CERTS`. */
  kafkaConfig(options?: { clientId?: string }): EmulatorKafkaConfig
  /** Port of the Kafka endpoint: the second one where `kafka.port` asked for it, else that of all. Undefined without one. */
  readonly kafkaPort: number | undefined
  /**
   * Configuration of real kafkajs for the Kafka endpoint; `kafkaConfig()` is this library's. Throws a `RangeError` when the
   * endpoint is switched off.
   */
  kafkaEndpointConfig(options?: { clientId?: string; keyName?: string }): KafkaEndpointConfig
  /** The event hubs, to be looked at, created and deleted. */
  readonly eventHubs: EmulatedEventHubs
  /** The groups of Kafka clients: members, offsets and lag. */
  readonly kafkaGroups: EmulatedKafkaGroups
  /** Faults to inject. */
  readonly faults: EmulatorFaults
  /** The counts of what is open, and of what has been done. */
  readonly stats: EmulatorStats
  /** Port that answers health checks alone, where `healthPort` asked for one. */
  readonly healthPort: number | undefined
  /**
   * Puts other shared access keys in the place of those there: what the old ones signed holds no more, and connection
   * strings have the new ones. Throws a `TypeError` for a key without name or key.
   */
  setSharedAccessKeys(keys: readonly SharedAccessKey[]): void
  /**
   * Ends every connection, stops listening and begins anew on the same ports, as a service that is restarted does. Event
   * hubs, events and faults stay. `downMs`: how long nobody listens in between. Default 0.
   */
  restart(options?: { downMs?: number }): Promise<void>
  /** Ends every connection and stops listening; without `data` the events are gone. May be called again. */
  close(): Promise<void>
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Bytes of a WebSocket message that are taken in any case. */
const MIN_WEB_SOCKET_LIMIT = 4 * 1024 * 1024

/** The time between two looks for events older than retention when no event comes in. */
const TRIM_EVERY_MS = 30_000

/**
 * Starts an emulator. Rejects with a `TypeError` for an option that makes no sense and with the system's error when the
 * port can't be had.
 *
 * @public
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = emulatorSettings(options)
  const { log } = settings
  const namespace = new Namespace(settings)
  const data = settings.data === undefined ? undefined : new DataDirectory(settings.data)
  data?.open(namespace)
  for (const spec of settings.eventHubs) {
    if (!data || !namespace.getEventHub(spec.name)) namespace.createEventHub(spec)
  }
  warnOfLimits(namespace, log)
  const connections = { amqp: new Set<ClientConnection>(), all: new Set<FaultyConnection>() }
  const kafka = settings.kafka && createKafkaLoader(settings.kafka, connections.all)
  const faults = new Faults({ namespace, connections: connections.all, groups: () => kafka?.head?.coordinator })
  const eventHubs = inspectNamespace(namespace)
  const namedFaults = createNamedFaults({ faults, eventHubs })
  const stats = createStats()
  const clientHost = clientHostOf(settings.host)

  const authorizer = createAuthorizer({ sharedAccessKeys: settings.sharedAccessKeys, jwt: settings.jwt })
  const start = (ports: Ports) =>
    startServer({
      ...ports,
      host: settings.host,
      tls: settings.tls,
      connections,
      maxWebSocketMessage: Math.max(MIN_WEB_SOCKET_LIMIT, 2 * settings.maxMessageSizeInBytes),
      loadKafka: kafka && ((service) => kafka.load(service)),
      service(port): Service {
        return { settings, host: `${clientHost}:${port}`, namespace, authorizer, faults, stats, log, report: warn }
      },
      onRequest(service) {
        const manage = createNamespaceHandler(service)
        if (!settings.faultsOverHttp) return manage
        return createFaultsHandler({ ...service, faults: namedFaults }, manage)
      },
    })
  const server = await startRestartable(start, {
    port: settings.port,
    kafkaPort: settings.kafka?.port,
    healthPort: settings.healthPort,
  }).catch((error: unknown) => {
    data?.close(namespace)
    throw error
  })
  const { port, kafkaPort, healthPort } = server
  warnOfKnownKey(settings, port)
  const host = `${clientHost}:${port}`
  endLinksOnChange(namespace, connections.amqp, host)
  const trimming = setInterval(() => {
    for (const eventHub of namespace.listEventHubs()) eventHub.trim(Date.now())
  }, TRIM_EVERY_MS).unref()

  const { connectionStringOf, kafkaConfig, kafkaEndpointConfig } = createClientConfigs({
    settings,
    clientHost,
    port,
    kafkaPort,
    keys: authorizer.keys,
  })

  let closing: Promise<void> | undefined
  const close = () => {
    clearInterval(trimming)
    faults.clear()
    closing ??= end()
    return closing
  }
  async function end(): Promise<void> {
    await server.close()
    kafka?.head?.close()
    data?.close(namespace)
  }

  return {
    host: settings.host,
    port,
    get connectionString() {
      return connectionStringOf({})
    },
    connectionStringOf,
    kafkaConfig,
    kafkaPort: settings.kafka && (kafkaPort ?? port),
    kafkaEndpointConfig,
    eventHubs,
    kafkaGroups: inspectKafkaGroups(() => kafka?.head?.coordinator, namespace),
    faults,
    stats,
    healthPort,
    setSharedAccessKeys(keys) {
      checkKeys(keys)
      authorizer.setKeys(keys)
    },
    restart: ({ downMs = 0 } = {}) => server.restart(downMs),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The default key outside of this machine. */
function warnOfKnownKey({ host, sharedAccessKeys, log }: EmulatorSettings, port: number): void {
  if (isLoopback(host) || !sharedAccessKeys.includes(DEFAULT_KEY)) return
  log({
    level: 'warn',
    message: `Whoever reaches ${host}:${port} can log in: the key is the one that everybody knows.`,
  })
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
}

/** Name under which clients on this machine reach an interface; certificates are made for it. */
function clientHostOf(host: string): string {
  if (['127.0.0.1', 'localhost', '0.0.0.0', '::', ''].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
