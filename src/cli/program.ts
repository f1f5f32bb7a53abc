import { Command, CommanderError } from 'commander'
import { completionCommand } from './commands/completion.js'
import { consoleCommand } from './commands/console.js'
import { consumeCommand } from './commands/consume.js'
import { doctorCommand } from './commands/doctor.js'
import { emulatorCommand } from './commands/emulator.js'
import { groupsCommand } from './commands/groups.js'
import { migrateOffsetsCommand } from './commands/migrate-offsets.js'
import { produceCommand } from './commands/produce.js'
import { topicsCommand } from './commands/topics.js'
import { CommandError, ExitCode, UsageError } from './errors.js'
import { findPackage } from './package-info.js'
import { paint, processTerminal, type Terminal } from './terminal.js'

/** Runs one command line. Resolves with the exit code: 0 done, 1 failed, 2 not understood. */
export async function runProgram(args: string[], terminal = processTerminal()): Promise<number> {
  try {
    const program = createProgram(terminal)
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return report(error as Error, terminal)
  }
}

/** The commands, without anything run. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('kafkajs-eventhubs')
    .description("Azure Event Hubs over AMQP, in Kafka's words; and an emulator of it")
    .version(findPackage().version, '-V, --version', 'shows the version')
    .addCommand(topicsCommand(terminal))
    .addCommand(produceCommand(terminal))
    .addCommand(consumeCommand(terminal))
    .addCommand(groupsCommand(terminal))
    .addCommand(migrateOffsetsCommand(terminal))
    .addCommand(emulatorCommand())
    .addCommand(doctorCommand(terminal))
    .addCommand(consoleCommand(terminal))
    .addCommand(completionCommand(terminal))
  configure(program, terminal)
  return program
}

function configure(command: Command, terminal: Terminal): void {
  const { output, errors } = terminal
  command
    .helpOption('-h, --help', 'shows this text')
    .helpCommand(false)
    .allowExcessArguments(false)
    .exitOverride()
    .showHelpAfterError(`(${fullName(command)} --help tells more)`)
    .configureOutput({
      writeOut: (text) => void output.write(text),
      writeErr: (text) => void errors.write(text),
      getOutHasColors: () => output.isTTY === true && output.hasColors?.() === true,
      getErrHasColors: () => errors.isTTY === true && errors.hasColors?.() === true,
      getOutHelpWidth: () => Math.min(output.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(errors.columns ?? 100, 120),
      outputError: (text, write) => write(text.replace(/^error:/, paint(errors, 'red', 'error:'))),
    })
    .configureHelp({ styleTitle: (text) => paint(output, 'bold', text) })
  for (const child of command.commands) configure(child, terminal)
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

function report(error: Error, { errors }: Terminal): number {
  // Commander has written its own text already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof ExitCode) return error.code
  const isUsage = error instanceof UsageError
  const text = isUsage || error instanceof CommandError || isKnown(error) ? explain(error) : error.stack
  errors.write(`${paint(errors, 'red', 'error:')} ${text}\n`)
  return isUsage ? 2 : 1
}

/** The library's and the system's errors: their sentences say enough. */
const isKnown = (error: Error) => error.name.startsWith('KafkaJS') || 'code' in error

/** One sentence for each thing that failed. */
function explain(error: Error & { errors?: Error[]; groups?: { groupId: string; error: Error }[] }): string {
  const parts = [
    ...(error.groups ?? []).map((group) => `${group.groupId}: ${group.error.message}`),
    ...(error.errors ?? []).map((part) => part.message),
  ]
  const taken =
    'code' in error && error.code === 'EADDRINUSE' ? '. Free the port, or name another; 0 is a free one' : ''
  return parts.length > 0 ? parts.join('; ') : error.message + taken
}
