import type { ConnectionOptions } from 'node:tls'
import type { ConnectionStringConfig, KafkaConfig } from '../../exports.js'
import { isLoopback } from '../../util/loopback.js'
import { CommandError } from '../errors.js'

/** Address a configuration connects to, as far as it can be told without connecting. */
export interface Target {
  /** Host of the namespace. */
  readonly namespace: string
  /** Host that is connected to: the namespace's, or the custom endpoint's. */
  readonly host: string
  /** The port that was named; matters for emulators. */
  readonly port: number | undefined
  /** An emulator on this machine, over plain TCP or, with `ssl`, over TLS. */
  readonly isLocal: boolean
  readonly isSecure: boolean
  /** The TLS options of the configuration, such as a certificate authority of one's own. */
  readonly tlsOptions: ConnectionOptions
  readonly transport: 'amqp' | 'websockets'
  readonly connectionString: string | undefined
}

export async function resolveTarget(config: KafkaConfig | ConnectionStringConfig): Promise<Target> {
  const { eventHubs = {}, ssl, sasl } = config
  const connectionString = eventHubs.connectionString ?? connectionStringOfSasl(sasl)
  if (connectionString?.trim() === '')
    throw new CommandError('The connection string is empty: is EVENTHUBS_CONNECTION_STRING set?')
  if (/^\s*["'`]/.test(connectionString ?? ''))
    throw new CommandError(
      'The connection string begins with a quotation mark, which is no part of it: take the quotes off',
    )
  const brokers = typeof config.brokers === 'function' ? await config.brokers() : config.brokers
  const named = brokers?.[0] ?? /Endpoint=\s*\w+:\/\/([^/;]+)/i.exec(connectionString ?? '')?.[1]
  if (!named) throw new CommandError('The connection string has no Endpoint=sb://<namespace>.servicebus.windows.net/')
  const namespace = parseAddress(named)
  const endpoint = eventHubs.customEndpointAddress ? parseAddress(eventHubs.customEndpointAddress) : undefined
  if (namespace.host === '') throw new CommandError(`There is no host in '${named}'`)
  const isLocal = isLoopback(namespace.host)
  return {
    namespace: namespace.host,
    host: endpoint?.host ?? namespace.host,
    port: endpoint?.port ?? (isLocal ? (namespace.port ?? 5672) : undefined),
    isLocal,
    isSecure: !isLocal || (ssl !== undefined && ssl !== false),
    tlsOptions: typeof ssl === 'object' ? ssl : {},
    transport: eventHubs.transport ?? 'amqp',
    connectionString,
  }
}

function connectionStringOfSasl(sasl: KafkaConfig['sasl']): string | undefined {
  if (!sasl || !('username' in sasl) || sasl.username !== '$ConnectionString') return undefined
  return sasl.password
}

function parseAddress(text: string): { host: string; port?: number } {
  const authority = text.replace(/^\w+:\/\//, '').replace(/\/.*$/, '')
  const [, host = authority, port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(authority) ?? []
  return { host, ...(port !== undefined && { port: Number(port) }) }
}
