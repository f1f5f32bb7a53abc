import type { Admin, ConnectionStringConfig, Kafka, KafkaConfig } from '../exports.js'
import { type ConnectionArguments, readKafkaConfig } from './connection-options.js'
import { CommandError } from './errors.js'
import type { Terminal } from './terminal.js'

/** A connection to be used: its configuration, and what makes clients of it. */
export interface Connection {
  readonly config: KafkaConfig | ConnectionStringConfig
  readonly kafka: Kafka
}

/** The retries of a command: a person is waiting. */
const RETRIES = 2

/** Reads where to connect. Opens nothing yet. */
export async function createConnection(args: ConnectionArguments, terminal: Terminal): Promise<Connection> {
  const config = await readKafkaConfig(args, terminal)
  requireCredential(config)
  return connectionFrom(config)
}

/** The same, of a configuration that has been read. */
export async function connectionFrom(config: Connection['config']): Promise<Connection> {
  const { Kafka } = await import('../exports.js')
  return { config, kafka: new Kafka({ ...config, retry: { retries: RETRIES, ...config.retry } } as KafkaConfig) }
}

/** In the words of the command line, where the library would speak of its options. */
function requireCredential({ brokers, sasl, eventHubs = {} }: Connection['config']): void {
  const [broker = ''] = Array.isArray(brokers) ? brokers : []
  const host = broker.replace(/:\d+$/, '')
  // An emulator needs none, whatever it is called.
  if (sasl || eventHubs.auth || eventHubs.connectionString !== undefined || !/\.servicebus\./i.test(host)) return
  throw new CommandError(
    `No credential is given for ${host}: set EVENTHUBS_CONNECTION_STRING to a connection string of that namespace, or say --azure-ad`,
  )
}

/** Has an admin client for as long as `use` takes. */
export async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/**
 * True unless the groups of a connection are in the memory of the program that consumes, where no other can see them:
 * so it is with emulators when no store is named.
 */
export const hasStore = ({ config }: Connection): boolean =>
  config.eventHubs?.checkpointStore !== undefined && config.eventHubs.checkpointStore !== 'memory:'

/** Says what to do where groups can't be seen. */
export function warnWithoutStore(connection: Connection, { errors }: Terminal): void {
  if (hasStore(connection)) return
  errors.write(
    'note: no checkpoint store is named, so groups are in the memory of the programs that consume; give them and this command the same --store, e.g. file:./offsets\n',
  )
}
