import { type KafkaEndpointOptions, type KafkaSettings, kafkaSettings } from './kafka/options.js'
import type { EmulatorLog } from './log.js'
import { DEFAULT_PARTITION_COUNT, type EventHubSpec, type RetentionOptions } from './model/spec.js'

/** The right that a key or token gives. `Manage` includes the other two. @public */
export type Claim = 'Listen' | 'Send' | 'Manage'

/** A shared access rule. @public */
export interface SharedAccessKey {
  /** Its name. */
  name: string
  /** The key that tokens are signed with. */
  key: string
  /** Default: all three. */
  claims?: readonly Claim[]
  /** Only for this event hub. Default: for the namespace. */
  eventHub?: string
}

/** The bearer tokens that are accepted. @public */
export interface JwtOptions {
  /** Keys that sign the tokens: a JSON Web Key Set (RFC 7517), or the URL where one is published. */
  jwks?: { keys: readonly object[] } | URL | string
  /** Shared secret of HMAC-signed tokens, instead of `jwks`. */
  secret?: string | Uint8Array
  /** Required `iss`. Default: any. */
  issuer?: string | string[]
  /** Required `aud`. Default: any. */
  audience?: string | string[]
}

/**
 * The times, in ms, after which the service ends what is not used; `0` switches a rule off. Defaults: the service's.
 * @public
 */
export interface IdleLimits {
  /** A connection without a valid token. Default 20 s. */
  authentication?: number
  /** A connection that has never had a link beside `$cbs`. Default 60 s. */
  firstLink?: number
  /** A connection whose links are all gone. Default 5 min. */
  connection?: number
  /** A link without transfers; a reader with credit waits for events and is not idle. Default 10 min. */
  link?: number
}

/** Options of `startEmulator`. @public */
export interface EmulatorOptions {
  /** Interface to listen on. Default `127.0.0.1`. */
  host?: string
  /** Default 0: a free one. */
  port?: number
  /** Event hubs that are there from the start: what is wanted of each, or its name alone. */
  eventHubs?: readonly (EventHubSpec | string)[]
  /**
   * True to create an unknown event hub when a link is attached to it; questions create none. Default true, 4
   * partitions. As many has one that is created over HTTP without a number.
   */
  autoCreateEventHubs?: boolean | { partitionCount: number }
  /** True to create an unknown consumer group when it is first read. Default false. */
  autoCreateConsumerGroups?: boolean
  /** Default: `RootManageSharedAccessKey` with the key `SAS_KEY_VALUE` and all claims. */
  sharedAccessKeys?: readonly SharedAccessKey[]
  /** Accepts bearer tokens. Default: none. */
  jwt?: JwtOptions
  /** PEM of certificate and key. With it the port speaks TLS only: AMQPS, HTTPS and wss. */
  tls?: { cert: string | Buffer; key: string | Buffer }
  /** Largest transfer, as the link's `max-message-size` tells. Default 1,048,576. */
  maxMessageSizeInBytes?: number
  /** Connections that are open at once, AMQP and Kafka together; one more is refused. Default 5,000, as the service's. */
  maxConnections?: number
  /** Default: the service's. */
  idleLimits?: IdleLimits
  /** The retention of event hubs that don't name one. */
  retention?: RetentionOptions
  /** Directory where event hubs and their events outlive the process. Default: they are held in memory alone. */
  data?: string
  /** A second port that answers `GET /health` and nothing else, as that of Microsoft's emulator. 0 is a free one. */
  healthPort?: number
  /**
   * True to take requests for faults over HTTP (`/$faults`): from this machine, with the Manage claim for the namespace.
   * Default false.
   */
  faultsOverHttp?: boolean
  /** Takes what happens: connections, links, refusals, warnings. */
  log?: EmulatorLog
  /** The Kafka endpoint. `false`: the protocol is not spoken. */
  kafka?: false | KafkaEndpointOptions
}

/** Options with every default filled in. */
export interface EmulatorSettings {
  readonly host: string
  readonly port: number
  readonly eventHubs: readonly EventHubSpec[]
  /** Partitions of an event hub that springs into being; undefined: none does. */
  readonly autoCreatePartitionCount: number | undefined
  readonly autoCreateConsumerGroups: boolean
  readonly sharedAccessKeys: readonly SharedAccessKey[]
  readonly jwt: JwtOptions | undefined
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined
  readonly maxMessageSizeInBytes: number
  readonly maxConnections: number
  readonly idleLimits: Required<IdleLimits>
  readonly retention: RetentionOptions
  readonly data: string | undefined
  readonly healthPort: number | undefined
  readonly faultsOverHttp: boolean
  readonly log: EmulatorLog
  /** Undefined: the protocol is not spoken. */
  readonly kafka: KafkaSettings | undefined
}

/** Name and key of Microsoft's emulator, so that one connection string fits both. */
export const DEFAULT_KEY: SharedAccessKey = {
  name: 'RootManageSharedAccessKey',
  key: 'SAS_KEY_VALUE',
  claims: ['Listen', 'Send', 'Manage'],
}

/** Microsoft: Event Hubs quotas, "Number of brokered connections per namespace", Standard tier. */
const MAX_CONNECTIONS = 5000

/** Fills in defaults. Throws a `TypeError` that names the option which makes no sense. */
export function emulatorSettings(options: EmulatorOptions): EmulatorSettings {
  const { autoCreateEventHubs = true, idleLimits = {}, jwt } = options
  const { maxMessageSizeInBytes = 1_048_576, maxConnections = MAX_CONNECTIONS } = options
  if (!(maxMessageSizeInBytes > 0)) throw new TypeError('maxMessageSizeInBytes must be positive')
  if (!(maxConnections > 0)) throw new TypeError('maxConnections must be positive')
  if (jwt && (jwt.jwks === undefined) === (jwt.secret === undefined)) {
    throw new TypeError('jwt takes either jwks or secret')
  }
  const sharedAccessKeys = options.sharedAccessKeys ?? [DEFAULT_KEY]
  checkKeys(sharedAccessKeys)
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    eventHubs: (options.eventHubs ?? []).map((spec) => (typeof spec === 'string' ? { name: spec } : spec)),
    autoCreatePartitionCount: autoCreatePartitionCount(autoCreateEventHubs),
    autoCreateConsumerGroups: options.autoCreateConsumerGroups ?? false,
    sharedAccessKeys,
    jwt,
    tls: options.tls,
    maxMessageSizeInBytes,
    maxConnections,
    kafka: options.kafka === false ? undefined : kafkaSettings(options.kafka),
    retention: options.retention ?? {},
    data: options.data,
    healthPort: options.healthPort,
    faultsOverHttp: options.faultsOverHttp ?? false,
    log: options.log ?? (() => {}),
    idleLimits: {
      // Microsoft: AMQP protocol guide ("within 20 seconds"); Event Hubs AMQP troubleshooting guide (the other three).
      authentication: idleLimits.authentication ?? 20_000,
      firstLink: idleLimits.firstLink ?? 60_000,
      connection: idleLimits.connection ?? 300_000,
      link: idleLimits.link ?? 600_000,
    },
  }
}

/** Throws a `TypeError` for a key without name or key. */
export function checkKeys(keys: readonly SharedAccessKey[]): void {
  for (const { name, key } of keys) {
    if (!name || !key) throw new TypeError('sharedAccessKeys: each needs a name and a key')
  }
}

function autoCreatePartitionCount(option: boolean | { partitionCount: number }): number | undefined {
  if (typeof option === 'object') return option.partitionCount
  return option ? DEFAULT_PARTITION_COUNT : undefined
}
