import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DEFAULT_KEY } from '../emulator/options.js'
import type { ConnectionStringConfig, KafkaConfig } from '../exports.js'
import { isLoopback } from '../util/loopback.js'
import { CommandError, UsageError } from './errors.js'

/** The part of kafkajs that is used: its class, which has the methods of ours. */
type KafkajsModule = Pick<typeof import('../exports.js'), 'Kafka'>

/** Names under which a project may have kafkajs: `kafkajs` itself may be an alias of this package. */
const NAMES = ['kafkajs', 'original-kafkajs']

/** Loads kafkajs from the project the command is run in. */
export function loadKafkajs(folder = process.cwd()): KafkajsModule {
  const require = createRequire(join(folder, 'package.json'))
  for (const name of NAMES) {
    try {
      const found = require(name) as KafkajsModule & { sasAuth?: unknown }
      if (found.sasAuth === undefined) return found
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new CommandError(
    'The Kafka endpoint is read with kafkajs, which is not installed here: npm install --no-save original-kafkajs@npm:kafkajs@2.2.4',
  )
}

/**
 * Keeps one warning of Node.js 24 from the terminal until the returned function is called: kafkajs 2.2.4 sets a timer to a
 * negative time with each connection (`requestQueue/index.js`), which does no harm and is no matter of who moves offsets.
 */
export function hideTimerWarnings(): () => void {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...details: unknown[]) => {
    if (details[0] !== 'TimeoutNegativeWarning') Reflect.apply(emitWarning, process, [warning, ...details])
  }
  return () => {
    process.emitWarning = emitWarning
  }
}

/** The settings with which kafkajs reaches the Kafka endpoint of the same namespace. */
export function toKafkaEndpoint(
  config: KafkaConfig | ConnectionStringConfig,
  { brokers }: { brokers?: readonly string[] },
): KafkaConfig {
  const { connectionString } = config.eventHubs ?? {}
  const endpoint = connectionString && /Endpoint=\w+:\/\/([^/;]+)/i.exec(connectionString)?.[1]
  const isEmulator = /UseDevelopmentEmulator=true/i.test(connectionString ?? '')
  const named = brokers ?? (endpoint ? [isEmulator ? endpoint : `${endpoint}:9093`] : config.brokers)
  if (!Array.isArray(named)) throw new UsageError('Name the Kafka endpoint: --kafka-brokers <host:port>')
  const isLocal = isLoopback((named[0] ?? '').replace(/:\d+$/, ''))
  const password = connectionString ?? (isLocal ? DEVELOPMENT_CONNECTION_STRING : undefined)
  const sasl =
    config.sasl ?? (password ? { mechanism: 'plain' as const, username: '$ConnectionString', password } : undefined)
  if (!sasl) {
    throw new UsageError(
      'The Kafka endpoint needs a connection string, or a --config with sasl: kafkajs knows no other way to sign in there',
    )
  }
  return {
    clientId: 'kafkajs-eventhubs-cli',
    brokers: [...named],
    ssl: !isLocal,
    sasl,
    connectionTimeout: 10_000,
    authenticationTimeout: 10_000,
    logLevel: 0,
  }
}

/** What emulators take, in the one form that Microsoft's takes over Kafka too. */
const DEVELOPMENT_CONNECTION_STRING = `Endpoint=sb://localhost;SharedAccessKeyName=${DEFAULT_KEY.name};SharedAccessKey=${DEFAULT_KEY.key};UseDevelopmentEmulator=true;`
