import type { EmulatorSettings, SharedAccessKey } from './options.js'

/** The settings that `new Kafka()` needs to reach an emulator. @public */
export interface EmulatorKafkaConfig {
  /** The name that the program goes by. */
  clientId: string
  /** One: host and port. */
  brokers: string[]
  /** With TLS. */
  ssl?: true
  /** The options needed to reach the emulator besides. */
  eventHubs?: {
    connectionString?: string
    customEndpointAddress?: string
  }
}

/** The settings real kafkajs, or another Kafka client, needs to reach an emulator's Kafka endpoint. @public */
export interface KafkaEndpointConfig {
  /** The name that the program goes by. */
  clientId: string
  /** One: host and port. */
  brokers: string[]
  /** True where the port speaks TLS. The certificate is trusted the Node way: `NODE_EXTRA_CA_CERTS`. */
  ssl: boolean
  /** The connection string as Kafka clients present it. */
  sasl: { mechanism: 'plain'; username: string; password: string }
}

/** The configuration of clients of one emulator, in the forms that they take it in. */
export interface ClientConfigs {
  connectionStringOf(options: { keyName?: string; eventHub?: string }): string
  kafkaConfig(options?: { clientId?: string }): EmulatorKafkaConfig
  kafkaEndpointConfig(options?: { clientId?: string; keyName?: string }): KafkaEndpointConfig
}

export interface ClientConfigOptions {
  readonly settings: EmulatorSettings
  /** Name under which clients on this machine reach the emulator. */
  readonly clientHost: string
  readonly port: number
  /** The Kafka endpoint's, where it has one of its own. */
  readonly kafkaPort: number | undefined
  /** The keys that hold now. */
  keys(): readonly SharedAccessKey[]
}

export function createClientConfigs(options: ClientConfigOptions): ClientConfigs {
  const { settings, clientHost, port, kafkaPort, keys } = options
  const host = `${clientHost}:${port}`

  const connectionStringOf: ClientConfigs['connectionStringOf'] = ({ keyName, eventHub }) => {
    const key = keys().find((candidate) =>
      keyName === undefined ? candidate.eventHub === undefined : candidate.name === keyName,
    )
    if (!key) throw new RangeError(`There is no shared access key '${keyName ?? ''}'`)
    const entity = eventHub ?? key.eventHub
    return [
      `Endpoint=sb://${host}`,
      `SharedAccessKeyName=${key.name}`,
      `SharedAccessKey=${key.key}`,
      ...(entity === undefined ? [] : [`EntityPath=${entity}`]),
      ...(settings.tls ? [] : ['UseDevelopmentEmulator=true']),
      '',
    ].join(';')
  }

  return {
    connectionStringOf,
    kafkaConfig({ clientId = 'kafkajs' } = {}) {
      const connectionString = connectionStringOf({})
      if (!settings.tls) return { clientId, brokers: [host], eventHubs: { connectionString } }
      return {
        clientId,
        brokers: [host],
        ssl: true,
        eventHubs: { connectionString, customEndpointAddress: `sb://${host}` },
      }
    },
    kafkaEndpointConfig({ clientId = 'kafkajs', keyName } = {}) {
      if (!settings.kafka) throw new RangeError('The Kafka endpoint of this emulator is switched off')
      const password = connectionStringOf(keyName === undefined ? {} : { keyName })
      return {
        clientId,
        brokers: [`${clientHost}:${kafkaPort ?? port}`],
        ssl: settings.tls !== undefined,
        sasl: { mechanism: 'plain', username: '$ConnectionString', password },
      }
    },
  }
}
