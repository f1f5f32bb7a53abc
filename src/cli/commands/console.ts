import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Emulator } from '../../emulator/index.js'
import { createConnection, warnWithoutStore } from '../clients.js'
import { addConnectionOptions, type ConnectionArguments } from '../connection-options.js'
import { resolveTarget } from '../doctor/target.js'
import { findPackage } from '../package-info.js'
import type { Terminal } from '../terminal.js'
import { parsePort } from '../values.js'

interface ConsoleArguments extends ConnectionArguments {
  port: number
  readOnly: boolean
  withEmulator?: boolean
  emulatorPort: number
}

/** `console`: a page in the browser, for any namespace or emulator. */
export function consoleCommand(terminal: Terminal): Command {
  const command = new Command('console')
    .description('serves a web page on this machine: topics, messages, groups and their lag')
    .option('--port <number>', 'port to serve it on, 0 for a free one', parsePort, 8080)
    .option('--read-only', 'shows only', true)
    .option('--no-read-only', 'has buttons to send messages, to reset groups, and for the faults of an emulator')
    .option('--with-emulator', 'starts an emulator too, in place of connecting; its faults are buttons')
    .option('--emulator-port <number>', 'port of that emulator', parsePort, 5672)
  return addConnectionOptions(command).action((args: ConsoleArguments) => serve(args, terminal))
}

async function serve(args: ConsoleArguments, terminal: Terminal): Promise<void> {
  const emulator = args.withEmulator ? await startOwnEmulator(args.emulatorPort) : undefined
  try {
    const connectionString = emulator?.connectionString
    const connection = await createConnection({ ...args, ...(connectionString && { connectionString }) }, terminal)
    warnWithoutStore(connection, terminal)
    const { namespace, isLocal, port } = await resolveTarget(connection.config)
    const { startConsole } = await import('../console/server.js')
    const console = await startConsole({
      connection,
      namespace: isLocal ? `${namespace}:${port}` : namespace,
      version: findPackage().version,
      port: args.port,
      isReadOnly: args.readOnly,
      isOwnEmulator: emulator !== undefined,
      pageFolder: pageFolder(),
    })
    if (emulator) terminal.output.write(`Emulator: ${emulator.connectionString}\n`)
    terminal.output.write(`Console: ${console.url}\n`)
    terminal.output.write(
      args.readOnly ? 'It is read-only (--no-read-only changes that). Ctrl+C ends\n' : 'Ctrl+C ends\n',
    )
    await aborted(terminal.interrupted)
    await console.close()
  } finally {
    await emulator?.close()
  }
}

async function startOwnEmulator(port: number): Promise<Emulator> {
  const { startEmulator } = await import('../../emulator/index.js')
  return await startEmulator({ port, faultsOverHttp: true })
}

/** In what is shipped, or in the sources. */
function pageFolder(): string {
  const entry = realpathSync(process.argv[1] ?? '')
  return join(findPackage(entry).root, entry.endsWith('.ts') ? 'src' : 'dist/commonjs', 'cli/console/page')
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
