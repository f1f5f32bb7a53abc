import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { ConnectionStringConfig, EventHubsOptions, KafkaConfig, LogEntry } from '../exports.js'
import { isLoopback } from '../util/loopback.js'
import { CommandError, UsageError } from './errors.js'
import type { Terminal } from './terminal.js'

/** The arguments of the command line about where to connect, and how. */
export interface ConnectionArguments {
  config?: string
  brokers?: string
  connectionString?: string
  azureAd?: boolean
  managedIdentityClientId?: string
  ssl?: boolean
  transport?: 'amqp' | 'websockets'
  proxy?: string
  endpoint?: string
  store?: string
  subscription?: string
  resourceGroup?: string
  logLevel?: string
}

const GROUP = 'Connection:'
const LEVELS = ['nothing', 'error', 'warn', 'info', 'debug'] as const

/** The options that every command has which connects. Secrets are better off in the environment: `ps` shows arguments. */
export function addConnectionOptions(command: Command): Command {
  const options = [
    new Option('--config <file>', "what new Kafka() takes: JSON, or a module's default export"),
    new Option('-b, --brokers <host:port>', 'the namespace, or an emulator: localhost:5672'),
    new Option('--connection-string <text>', 'instead of --brokers').env('EVENTHUBS_CONNECTION_STRING'),
    new Option('--azure-ad', 'sign in as @azure/identity finds: managed identity, az login, environment …'),
    new Option('--managed-identity-client-id <id>', 'with --azure-ad: which user-assigned identity'),
    new Option('--ssl', 'TLS to a loopback address too'),
    new Option('--transport <name>', 'amqp is port 5671, websockets is 443').choices(['amqp', 'websockets']),
    new Option('--proxy <url>', 'HTTP proxy, with websockets'),
    new Option('--endpoint <address>', 'where to connect to when it is not the host of the namespace'),
    new Option('--store <store>', 'where groups are kept: file:<directory>, or the URL of a blob container').env(
      'KAFKAJS_EVENTHUBS_CHECKPOINT_STORE',
    ),
    new Option('--subscription <id>', 'manage through Azure Resource Manager'),
    new Option('--resource-group <name>', 'the same'),
    new Option('--log-level <level>', 'what the client logs to stderr').choices(LEVELS),
  ]
  for (const option of options) command.addOption(option.helpGroup(GROUP))
  return command
}

/** A configuration for `new Kafka()`: the file's, and what the command line says over it. */
export async function readKafkaConfig(
  args: ConnectionArguments,
  terminal: Terminal,
): Promise<KafkaConfig | ConnectionStringConfig> {
  const file = args.config === undefined ? undefined : await loadConfig(args.config)
  // Not before it is needed: --help and completion shall be quick.
  const { azureAdAuth, logLevel } = await import('../exports.js')
  const eventHubs: EventHubsOptions = { ...file?.eventHubs }
  const connectionString = chooseConnectionString(args, file, terminal)
  if (connectionString !== undefined) eventHubs.connectionString = connectionString
  if (args.azureAd) {
    const { managedIdentityClientId } = args
    eventHubs.auth = azureAdAuth(managedIdentityClientId === undefined ? {} : { managedIdentityClientId })
  }
  if (args.transport) eventHubs.transport = args.transport
  if (args.proxy !== undefined) {
    eventHubs.proxy = args.proxy
    eventHubs.transport = 'websockets'
  }
  if (args.endpoint !== undefined) eventHubs.customEndpointAddress = args.endpoint
  // Commander has put the environment in; a file is nearer to the program that is looked into.
  if (args.store !== undefined && !(file?.eventHubs?.checkpointStore && args.store === storeOf(terminal))) {
    eventHubs.checkpointStore = args.store
  }
  if (args.subscription !== undefined || args.resourceGroup !== undefined) {
    if (args.subscription === undefined || args.resourceGroup === undefined) {
      throw new UsageError('--subscription and --resource-group go together')
    }
    eventHubs.management = { subscriptionId: args.subscription, resourceGroupName: args.resourceGroup }
  }
  const brokers = args.brokers === undefined ? file?.brokers : args.brokers.split(',').map((broker) => broker.trim())
  if (brokers === undefined && eventHubs.connectionString === undefined) {
    throw new UsageError(
      'Where to? Name --brokers <namespace>.servicebus.windows.net, or set EVENTHUBS_CONNECTION_STRING; an emulator is --brokers localhost:5672',
    )
  }
  return {
    ...file,
    clientId: file?.clientId ?? 'kafkajs-eventhubs-cli',
    ...(brokers !== undefined && { brokers }),
    ...(args.ssl && { ssl: true }),
    eventHubs,
    logLevel: logLevel[(args.logLevel ?? 'error').toUpperCase() as keyof typeof logLevel],
    logCreator: () => createLog(terminal),
  } as KafkaConfig | ConnectionStringConfig
}

const storeOf = ({ env }: Terminal) => env['KAFKAJS_EVENTHUBS_CHECKPOINT_STORE']

/**
 * The connection string to use. What the command line names goes before what the environment has: that may be of
 * another namespace.
 */
function chooseConnectionString(
  { brokers, connectionString, azureAd }: ConnectionArguments,
  file: Partial<KafkaConfig> | undefined,
  { env }: Terminal,
): string | undefined {
  const isFromEnvironment = connectionString === env['EVENTHUBS_CONNECTION_STRING']
  if (!isFromEnvironment || connectionString === undefined) return connectionString
  if (azureAd || file?.brokers !== undefined || file?.eventHubs?.connectionString !== undefined) return undefined
  if (brokers === undefined) return connectionString
  const endpoint = /Endpoint=\w+:\/\/([^/;]+)/i.exec(connectionString)?.[1] ?? ''
  return placeOf(brokers) === placeOf(endpoint) ? connectionString : undefined
}

/** A namespace is known by its host, whatever port a Kafka program names; emulators of one machine by their port. */
function placeOf(address: string): string {
  const [, host = '', port = '5672'] = /^(.*?)(?::(\d+))?$/.exec(address.trim().toLowerCase()) ?? []
  return isLoopback(host) ? `${host}:${port}` : host
}

/** The default export of a module of either kind: `require` loads ES modules too, unless they await something. */
function requireDefault(path: string): unknown {
  const loaded = createRequire(realpathSync(process.argv[1] ?? ''))(path) as { default?: unknown }
  return loaded.default ?? loaded
}

async function loadConfig(path: string): Promise<Partial<KafkaConfig>> {
  let value: unknown
  try {
    if (path.endsWith('.json')) value = JSON.parse(await readFile(path, 'utf8'))
    else value = requireDefault(resolve(path))
    if (typeof value === 'function') value = await value()
  } catch (error) {
    throw new CommandError(`The file of --config can't be read: ${(error as Error).message}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null) {
    throw new CommandError(`The file of --config has no configuration: ${path} must export it as default`)
  }
  return value
}

/** A sentence that comes again, as with each attempt, comes without what has been said after its colon. */
function createLog({ errors }: Terminal): (entry: LogEntry) => void {
  let last = ''
  return (entry) => {
    const { message } = entry.log
    errors.write(`${toLine(entry, message === last ? message.replace(/: .*$/s, '') : message)}\n`)
    last = message
  }
}

function toLine({ label, log }: LogEntry, message: string): string {
  const { message: _message, timestamp: _, logger: __, stack: ___, ...extra } = log
  const details = Object.keys(extra).length === 0 ? '' : ` ${JSON.stringify(extra)}`
  return `${label} ${message}${details}`
}
