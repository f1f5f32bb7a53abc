import { Command } from 'commander'
import { DataDirectoryError } from '../../emulator/data-directory.js'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../emulator/index.js'
import { NamespaceError } from '../../emulator/model/errors.js'
import { CommandError } from '../errors.js'
import { addEmulatorOptions, type EmulatorArguments, readEmulatorOptions } from './emulator-options.js'

/** `emulator`: serves until it is interrupted. */
export function emulatorCommand(): Command {
  const command = new Command('emulator').description('runs an emulator of Azure Event Hubs until it is interrupted')
  return addEmulatorOptions(command).action((args: EmulatorArguments) => serve(args))
}

async function serve(args: EmulatorArguments): Promise<void> {
  const emulator = await start(await readEmulatorOptions(args))
  process.stdout.write(`Event Hubs emulator is listening on ${emulator.host}:${emulator.port}\n`)
  process.stdout.write(`Kafka clients find it at ${emulator.host}:${emulator.kafkaPort}\n`)
  for (const { name, partitionCount, consumerGroups } of emulator.eventHubs.list()) {
    process.stdout.write(`  ${name}: ${partitionCount} partitions, consumer groups ${consumerGroups.join(', ')}\n`)
  }
  if (emulator.healthPort !== undefined)
    process.stdout.write(`Health: http://${emulator.host}:${emulator.healthPort}/health\n`)
  process.stdout.write(`Connection string: ${emulator.connectionString}\n`)
  const stop = () => {
    void emulator.close().then(() => process.stdout.write('Event Hubs emulator has stopped\n'))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

async function start(options: EmulatorOptions): Promise<Emulator> {
  try {
    return await startEmulator(options)
  } catch (error) {
    if (error instanceof NamespaceError || error instanceof DataDirectoryError || error instanceof TypeError)
      throw new CommandError(error.message, { cause: error })
    throw error
  }
}
