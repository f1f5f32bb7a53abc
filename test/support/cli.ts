import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const CLI = join(import.meta.dirname, '../../src/cli.ts')

export interface CliRun {
  readonly child: ChildProcess
  /** What it wrote to both outputs so far. */
  output(): string
  /** Resolves when it has ended. */
  readonly exit: Promise<number | null>
}

/** Runs the command line as its own process. */
export function runCli(...args: string[]): CliRun {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => (text += data.toString()))
  return { child, output: () => text, exit: new Promise((resolve) => child.once('close', resolve)) }
}
