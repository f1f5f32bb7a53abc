import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ConfigFileError, parseConfigFile } from '../../emulator/config-file.js'
import type { EmulatorOptions } from '../../emulator/index.js'
import { CommandError } from '../errors.js'
import { parsePort } from '../values.js'

/** What the command line of `emulator` says. */
export interface EmulatorArguments {
  port: number
  host: string
  config?: string
  kafkaPort?: number
  kafkaAdvertised?: string
}

export function addEmulatorOptions(command: Command): Command {
  return command
    .option('--port <number>', 'port to listen on, 0 for a free one', parsePort, 5672)
    .option('--host <address>', 'interface to listen on', '127.0.0.1')
    .option('--kafka-port <number>', 'second port, for Kafka clients; the first one has Kafka too', parsePort)
    .option('--kafka-advertised <host:port>', 'where Kafka clients are told to connect, behind a mapped port')
    .option(
      '--config <file>',
      "event hubs to create, a Config.json as Microsoft's emulator reads it; without it event hubs spring into being when they are first used",
    )
}

export async function readEmulatorOptions(args: EmulatorArguments): Promise<EmulatorOptions> {
  const { port, host, config, kafkaPort, kafkaAdvertised } = args
  const kafka = {
    ...(kafkaPort !== undefined && { port: kafkaPort }),
    ...(kafkaAdvertised !== undefined && { advertised: kafkaAdvertised }),
  }
  if (config === undefined) return { port, host, kafka }
  // Microsoft's emulator knows only what its file declares.
  return { port, host, kafka, autoCreateEventHubs: false, eventHubs: await readConfig(config) }
}

async function readConfig(file: string) {
  try {
    return parseConfigFile(await readFile(file, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigFileError) && !('code' in (error as Error))) throw error
    throw new CommandError(`The file of --config can't be used: ${(error as Error).message}`, { cause: error })
  }
}
