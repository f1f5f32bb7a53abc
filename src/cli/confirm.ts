import { createInterface } from 'node:readline/promises'
import { UsageError } from './errors.js'
import type { Terminal } from './terminal.js'

/** Asks before something is lost. Without a terminal to ask on, only `--yes` will do. */
export async function confirm(question: string, yes: boolean | undefined, terminal: Terminal): Promise<boolean> {
  if (yes) return true
  if (!terminal.input.isTTY) throw new UsageError(`${question} Say --yes: there is no terminal to ask on`)
  const lines = createInterface({ input: terminal.input, output: terminal.errors })
  // In a prompt Ctrl+C is a key that is read, not a signal.
  const cancelled = new AbortController()
  lines.once('SIGINT', () => cancelled.abort())
  const signal = AbortSignal.any([terminal.interrupted, cancelled.signal])
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal })
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    lines.close()
  }
}
