import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { runProgram } from '../../src/cli/program.js'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

export interface CliRun {
  readonly child: ChildProcess
  /** What it wrote to both outputs so far. */
  output(): string
  /** Resolves when it has ended. */
  readonly exit: Promise<number | null>
}

/** Runs the command line as its own process. */
export const runCli = (...args: string[]): CliRun => runCliOn([], ...args)

/** The same with options of Node. */
export function runCliOn(nodeOptions: string[], ...args: string[]): CliRun {
  const command = [...nodeOptions, '--import', 'tsx', CLI, ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()))
  return { child, output: () => text, exit: new Promise((resolve) => child.once('close', resolve)) }
}

export interface CommandOptions {
  /** What it reads from stdin. */
  readonly input?: string
  readonly env?: Record<string, string>
}

export interface RunningCommand {
  /** What it wrote so far. */
  output(): string
  errors(): string
  /** As Ctrl+C does. */
  interrupt(): void
  readonly exit: Promise<number>
}

/** Runs a command line in this process, with streams of its own: much quicker than a process. */
export function startCommand(args: string[], { input = '', env = {} }: CommandOptions = {}): RunningCommand {
  const controller = new AbortController()
  const [output, errors] = [new PassThrough(), new PassThrough()]
  const texts = [output, errors].map((stream) => {
    const chunks: Buffer[] = []
    stream.on('data', (data: Buffer) => chunks.push(data))
    return () => Buffer.concat(chunks).toString()
  })
  const terminal = { input: Readable.from(input), output, errors, env, interrupted: controller.signal }
  return {
    output: texts[0] as () => string,
    errors: texts[1] as () => string,
    interrupt: () => controller.abort(),
    exit: runProgram(args, terminal),
  }
}

/** Runs a command line to its end. */
export async function runCommand(args: string[], options?: CommandOptions) {
  const command = startCommand(args, options)
  const code = await command.exit
  return { code, output: command.output(), errors: command.errors() }
}
