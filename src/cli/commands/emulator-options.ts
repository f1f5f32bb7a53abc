import { appendFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { ConfigFileError, parseConfigFile, parseLoggingType } from '../../emulator/config-file.js'
import type { Claim, EmulatorLog, EmulatorOptions, SharedAccessKey } from '../../emulator/index.js'
import { CommandError } from '../errors.js'
import { parsePort } from '../values.js'

/** The arguments of the command line of `emulator`. */
export interface EmulatorArguments {
  port: number
  host: string
  config?: string
  kafkaPort?: number
  kafkaAdvertised?: string
  healthPort?: number
  data?: string
  faults?: boolean
  verbose?: boolean
  partitions?: number
  retentionHours?: number
  retentionBytes?: number
  retentionCount?: number
  key?: SharedAccessKey[]
  tlsCert?: string
  tlsKey?: string
  jwtJwks?: string
  jwtSecret?: string
  jwtIssuer?: string
  jwtAudience?: string
}

export function addEmulatorOptions(command: Command): Command {
  return command
    .option('--port <number>', 'port to listen on, 0 for a free one', parsePort, 5672)
    .option('--host <address>', 'interface to listen on', '127.0.0.1')
    .option(
      '--config <file>',
      "event hubs to create, a Config.json as Microsoft's emulator reads it; without it event hubs spring into being when they are first used",
    )
    .option('--kafka-port <number>', 'a second port, for Kafka clients; they may use the first one as well', parsePort)
    .option('--kafka-advertised <host:port>', 'where Kafka clients find the endpoint, behind a port map')
    .option('--health-port <number>', 'a port that answers GET /health and nothing else', parsePort)
    .option('--data <directory>', 'where event hubs and events outlive the process')
    .option('--partitions <number>', 'partitions of an event hub that springs into being (default: 4)', parseCount)
    .option('--retention-hours <number>', 'how long events are kept (default: 24)', parseCount)
    .option('--retention-bytes <number>', 'bytes that a partition keeps (default: 128 MiB)', parseCount)
    .option('--retention-count <number>', 'events that a partition keeps', parseCount)
    .option(
      '--key <name=key[:claims]>',
      'a shared access key in place of the one that everybody knows, claims being Listen, Send and Manage; may be repeated',
      parseKey,
    )
    .option('--tls-cert <file>', 'certificate, in PEM; the ports speak TLS only')
    .option('--tls-key <file>', 'key of the certificate, in PEM')
    .option('--jwt-jwks <url>', 'bearer tokens are accepted that one of these keys has signed')
    .option('--jwt-secret <text>', 'bearer tokens are accepted that this secret has signed')
    .option('--jwt-issuer <text>', 'issuer that bearer tokens must have')
    .option('--jwt-audience <text>', 'audience that bearer tokens must have')
    .option('--faults', 'lets programs on this machine, such as the console, ask for faults over HTTP')
    .option('--verbose', 'tells of connections, links and refusals')
}

export async function readEmulatorOptions(args: EmulatorArguments): Promise<EmulatorOptions> {
  const { port, host, config, kafkaPort, kafkaAdvertised, healthPort, data, key } = args
  const file = config === undefined ? undefined : await readText('--config', config)
  const tls = await readTls(args)
  const jwt = readJwt(args)
  return {
    port,
    host,
    ...(data !== undefined && { data }),
    ...(healthPort !== undefined && { healthPort }),
    ...(args.faults && { faultsOverHttp: true }),
    ...(key && { sharedAccessKeys: key }),
    ...(tls && { tls }),
    ...(jwt && { jwt }),
    retention: {
      ...(args.retentionHours !== undefined && { hours: args.retentionHours }),
      ...(args.retentionBytes !== undefined && { bytes: args.retentionBytes }),
      ...(args.retentionCount !== undefined && { count: args.retentionCount }),
    },
    kafka: {
      ...(kafkaPort !== undefined && { port: kafkaPort }),
      ...(kafkaAdvertised !== undefined && { advertised: kafkaAdvertised }),
    },
    // Microsoft's emulator knows only what its file declares.
    ...(file !== undefined
      ? { autoCreateEventHubs: false, eventHubs: fromConfig(() => parseConfigFile(file)) }
      : args.partitions !== undefined && { autoCreateEventHubs: { partitionCount: args.partitions } }),
    log: createLog(args, file === undefined ? undefined : fromConfig(() => parseLoggingType(file))),
  }
}

/** Warnings always; the rest when it is asked for. The file, beside the configuration's own, is for one that says so. */
function createLog(
  { verbose = false, config = '' }: EmulatorArguments,
  type: 'file' | 'console' | undefined,
): EmulatorLog {
  const file = type === 'file' ? join(dirname(config), 'emulator.log') : undefined
  return ({ level, message }) => {
    const line = `${new Date().toISOString()} ${level.toUpperCase()} ${message}\n`
    if (file !== undefined) appendFileSync(file, line)
    if (level === 'warn' && file === undefined && type !== 'console' && !verbose) process.stderr.write(`${message}\n`)
    else if (level === 'warn' || verbose || type === 'console') process.stderr.write(line)
  }
}

async function readTls({ tlsCert, tlsKey }: EmulatorArguments): Promise<EmulatorOptions['tls']> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CommandError('TLS takes both --tls-cert and --tls-key')
  }
  return { cert: await readText('--tls-cert', tlsCert), key: await readText('--tls-key', tlsKey) }
}

function readJwt({ jwtJwks, jwtSecret, jwtIssuer, jwtAudience }: EmulatorArguments): EmulatorOptions['jwt'] {
  if (jwtJwks === undefined && jwtSecret === undefined) {
    if (jwtIssuer === undefined && jwtAudience === undefined) return undefined
    throw new CommandError('Bearer tokens take --jwt-jwks or --jwt-secret')
  }
  if (jwtJwks !== undefined && jwtSecret !== undefined) {
    throw new CommandError('Bearer tokens take --jwt-jwks or --jwt-secret, not both')
  }
  return {
    ...(jwtJwks !== undefined && { jwks: jwtJwks }),
    ...(jwtSecret !== undefined && { secret: jwtSecret }),
    ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
    ...(jwtAudience !== undefined && { audience: jwtAudience }),
  }
}

const CLAIMS: readonly Claim[] = ['Listen', 'Send', 'Manage']

/** Keys are base64, which has no colon. */
function parseKey(text: string, others: SharedAccessKey[] = []): SharedAccessKey[] {
  const [, name, key, words] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? []
  if (name === undefined || key === undefined) throw new InvalidArgumentError('It must be name=key or name=key:claims.')
  const claims = words?.split(',').map((word) => {
    const claim = CLAIMS.find((candidate) => candidate.toLowerCase() === word.trim().toLowerCase())
    if (!claim) throw new InvalidArgumentError(`There is no claim '${word}'; there are ${CLAIMS.join(', ')}.`)
    return claim
  })
  return [...others, { name, key, ...(claims && { claims }) }]
}

function parseCount(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

async function readText(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CommandError(`The file of ${option} can't be used: ${(error as Error).message}`, { cause: error })
  }
}

function fromConfig<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error
    throw new CommandError(`The file of --config can't be used: ${error.message}`, { cause: error })
  }
}
