import { Command, CommanderError } from 'commander'
import { emulatorCommand } from './commands/emulator.js'
import { CommandError, UsageError } from './errors.js'
import { findPackage } from './package-info.js'

/** Runs one command line. Resolves with the exit code: 0 done, 1 failed, 2 not understood. */
export async function runProgram(args: string[]): Promise<number> {
  try {
    const program = createProgram()
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return report(error as Error)
  }
}

/** The commands, without anything run. */
export function createProgram(): Command {
  const program = new Command('kafkajs-eventhubs')
    .description("Azure Event Hubs over AMQP, in Kafka's words; and an emulator of it")
    .version(findPackage().version, '-V, --version', 'shows the version')
    .addCommand(emulatorCommand())
  configure(program)
  return program
}

function configure(command: Command): void {
  command
    .helpOption('-h, --help', 'shows this text')
    .allowExcessArguments(false)
    .exitOverride()
    .showHelpAfterError(`(${fullName(command)} --help tells more)`)
  for (const child of command.commands) configure(child)
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

function report(error: Error): number {
  // Commander has written its own text already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`)
    return 2
  }
  // A code is the system's or the service's: its sentence says enough.
  const known = error instanceof CommandError || 'code' in error
  process.stderr.write(known ? `error: ${error.message}\n` : `${error.stack}\n`)
  return 1
}
