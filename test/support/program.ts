import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/**
 * What a child program says, a line each. Written at once: a program that is killed right after has still said it.
 * (`process.stdout` to a pipe would keep it in the program's own memory for a moment.)
 */
export function report(line: { type: string } & Record<string, unknown>): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
  let written = 0
  while (written < bytes.length) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      // The pipe is full until the parent reads on.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

/** The parent's commands; the program ends when the parent closes them. */
export async function* commands<Command>(): AsyncGenerator<Command> {
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line) as Command
}
