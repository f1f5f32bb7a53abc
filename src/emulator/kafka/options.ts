/** Options of the emulator's Kafka endpoint. @public */
export interface KafkaEndpointOptions {
  /** A second port for it, as Microsoft's emulator has 9092; 0 for a free one. The emulator's own port has it in any case. */
  port?: number
  /** `host:port` that clients are told to connect to. Default: where their connection came in. For mapped ports. */
  advertised?: string
  /** `optional`: clients without SASL may do everything. Default `required`. */
  sasl?: 'required' | 'optional'
  /**
   * `eventhubs`: a member needs no id before it joins, and a group without members is `Dead` and unlisted. `kafka`: as
   * Apache Kafka has it. Default `eventhubs`.
   */
  groups?: 'eventhubs' | 'kafka'
  /** Session time-outs that are taken. Default 6,000 to 300,000 ms, as the service's. */
  sessionTimeoutMs?: { min?: number; max?: number }
  /** The time the first members of an empty group wait for others. Default 0; Kafka's is 3,000. */
  initialRebalanceDelayMs?: number
  /** `none`: refuses compressed batches, as the Standard tier was seen to do. Default `gzip`. */
  compression?: 'gzip' | 'none'
  /** The most that one Fetch is answered with. Default 16 MiB. */
  fetchMaxBytes?: number
  /** A larger request ends its connection. Default 1,046,528, as the service's. */
  requestMaxBytes?: number
  /** The time without a request that ends a connection, ms; 0 for never. Default 240,000, as the service's. */
  idleMs?: number
  /**
   * True to let keys, repeated headers and null values that this library wrote over AMQP reach Kafka clients as such.
   * Whether the service does that is not known; by default the emulator does not.
   */
  dropInAnnotations?: boolean
}

/** The same with every default filled in. */
export interface KafkaSettings
  extends Required<Omit<KafkaEndpointOptions, 'port' | 'advertised' | 'sessionTimeoutMs'>> {
  readonly port: number | undefined
  readonly advertised: { readonly host: string; readonly port: number } | undefined
  readonly sessionTimeoutMs: { readonly min: number; readonly max: number }
}

/** Fills in defaults. Throws a `TypeError` that names the option which makes no sense. */
export function kafkaSettings(options: KafkaEndpointOptions = {}): KafkaSettings {
  const { sessionTimeoutMs = {} } = options
  return {
    port: options.port,
    advertised: options.advertised === undefined ? undefined : parseAdvertised(options.advertised),
    sasl: options.sasl ?? 'required',
    groups: options.groups ?? 'eventhubs',
    // Microsoft: "Apache Kafka configurations for Event Hubs", `session.timeout.ms`.
    sessionTimeoutMs: { min: sessionTimeoutMs.min ?? 6_000, max: sessionTimeoutMs.max ?? 300_000 },
    initialRebalanceDelayMs: options.initialRebalanceDelayMs ?? 0,
    compression: options.compression ?? 'gzip',
    fetchMaxBytes: positive(options.fetchMaxBytes ?? 16 * 1024 * 1024, 'fetchMaxBytes'),
    // Microsoft: ibid., `max.request.size`.
    requestMaxBytes: positive(options.requestMaxBytes ?? 1_046_528, 'requestMaxBytes'),
    // Microsoft: ibid., `connections.max.idle.ms`.
    idleMs: options.idleMs ?? 240_000,
    dropInAnnotations: options.dropInAnnotations ?? false,
  }
}

function positive(value: number, name: string): number {
  if (!(value > 0)) throw new TypeError(`kafka.${name} must be positive`)
  return value
}

function parseAdvertised(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) throw new TypeError(`kafka.advertised must be host:port, not '${text}'`)
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}
