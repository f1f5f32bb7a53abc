import { inspect } from 'node:util'
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
  writeConfigurations(emulator)
  const traffic = args.verbose ? reportTraffic(emulator) : undefined
  const stop = () => {
    clearInterval(traffic)
    void emulator.close().then(() => process.stdout.write('Event Hubs emulator has stopped\n'))
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
}

/** Ready to be pasted into a program. */
function writeConfigurations(emulator: Emulator): void {
  const clientId = 'my-program'
  const line = (config: object) => `new Kafka(${inspect(config, { breakLength: Number.POSITIVE_INFINITY })})\n`
  process.stdout.write(`kafkajs-eventhubs: ${line(emulator.kafkaConfig({ clientId }))}`)
  if (emulator.kafkaPort !== undefined) {
    process.stdout.write(`kafkajs itself: ${line(emulator.kafkaEndpointConfig({ clientId }))}`)
  }
}

const REPORT_EVERY_MS = 2000

/** Tells how much came in and went out, while something does. */
function reportTraffic({ stats }: Emulator): NodeJS.Timeout {
  let told = { stored: 0, delivered: 0 }
  return setInterval(() => {
    const { eventsStored: stored, eventsDelivered: delivered, openConnections, openLinks } = stats
    if (stored === told.stored && delivered === told.delivered) return
    process.stderr.write(
      `${stored - told.stored} events stored, ${delivered - told.delivered} delivered in ${REPORT_EVERY_MS / 1000} s; ${openConnections} connections, ${openLinks} links\n`,
    )
    told = { stored, delivered }
  }, REPORT_EVERY_MS)
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
