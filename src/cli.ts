#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigFileError, parseConfigFile } from './emulator/config-file.js'
import { type EmulatorOptions, startEmulator } from './emulator/index.js'
import { NamespaceError } from './emulator/model/namespace.js'

const USAGE = `kafkajs-eventhubs emulator [options]

Runs an emulator of Azure Event Hubs until it is interrupted.

  --port <number>     port to listen on, 0 for a free one (default: 5672)
  --host <address>    interface to listen on (default: 127.0.0.1)
  --config <file>     event hubs to create, a Config.json as Microsoft's emulator reads it;
                      without it event hubs spring into being when they are first used
  --help              shows this text
`

/** A mistake in the command line; told with the usage. */
class UsageError extends Error {}

async function main(args: string[]): Promise<void> {
  const options = await readOptions(args)
  if (options === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const emulator = await startEmulator(options)
  process.stdout.write(`Event Hubs emulator is listening on ${emulator.host}:${emulator.port}\n`)
  for (const { name, partitionCount, consumerGroups } of emulator.eventHubs.list()) {
    process.stdout.write(`  ${name}: ${partitionCount} partitions, consumer groups ${consumerGroups.join(', ')}\n`)
  }
  process.stdout.write(`Connection string: ${emulator.connectionString}\n`)
  const stop = () => {
    void emulator.close().then(() => process.stdout.write('Event Hubs emulator has stopped\n'))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

interface Arguments {
  port: string
  host: string
  config: string | undefined
}

/** Undefined when help is wanted. */
async function readOptions(args: string[]): Promise<EmulatorOptions | undefined> {
  const { values, positionals } = parse(args)
  if (values.help || args.length === 0) return undefined
  const [command, ...rest] = positionals
  if (command !== 'emulator') throw new UsageError(`unknown command '${command ?? ''}'`)
  if (rest.length > 0) throw new UsageError(`unexpected argument '${rest[0]}'`)
  return emulatorOptions({ port: values.port ?? '5672', host: values.host ?? '127.0.0.1', config: values.config })
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        config: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

async function emulatorOptions({ port, host, config }: Arguments): Promise<EmulatorOptions> {
  if (!/^\d+$/.test(port) || Number(port) > 65_535) throw new UsageError(`--port must be a port, not '${port}'`)
  const base = { port: Number(port), host }
  if (config === undefined) return base
  // Microsoft's emulator knows only what its file declares.
  return { ...base, autoCreateEventHubs: false, eventHubs: parseConfigFile(await readConfig(config)) }
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigFileError((error as Error).message)
  }
}

main(process.argv.slice(2)).catch((error: Error) => {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}`)
  else if (error instanceof ConfigFileError)
    process.stderr.write(`The file of --config can't be used: ${error.message}\n`)
  else if (error instanceof NamespaceError || 'code' in error) process.stderr.write(`${error.message}\n`)
  else process.stderr.write(`${error.stack}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
