import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts another program of the bench in a process of its own; it hears and speaks through IPC. */
export function startChild(file: string, given: object = {}, nodeOptions: readonly string[] = []): ChildProcess {
  const execArgv = ['--import', 'tsx', ...nodeOptions]
  return fork(new URL(file, import.meta.url), [JSON.stringify(given)], { execArgv })
}

/** What a child was given. */
export const argument = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T

/** Ends a child in order. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.disconnect()
  await once(child, 'exit')
}
