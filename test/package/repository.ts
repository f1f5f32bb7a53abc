import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

export interface Outcome {
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end; rejects, with what it printed, when it fails. */
export function run(command: string, args: readonly string[], cwd = repository): Promise<Outcome> {
  return promisify(execFile)(command, args, { cwd, timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '' } })
}

/** These tests are about what is shipped, which is what was built last. */
export function assertBuilt(): void {
  if (!existsSync(new URL('../../dist/esm/index.js', import.meta.url))) {
    throw new Error('There is nothing built to test: run "npm run build" first')
  }
}
