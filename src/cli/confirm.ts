import { createInterface } from 'node:readline/promises'
import { UsageError } from './errors.js'
import type { Terminal } from './terminal.js'

/** Asks before something is lost. Without a terminal to ask on, only `--yes` will do. */
export async function confirm(question: string, yes: boolean | undefined, terminal: Terminal): Promise<boolean> {
  if (yes) return true
  if (!terminal.input.isTTY) throw new UsageError(`${question} Say --yes: there is no terminal to ask on`)
  const lines = createInterface({ input: terminal.input, output: terminal.errors })
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: terminal.interrupted })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
