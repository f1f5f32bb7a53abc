import { styleText } from 'node:util'

/** A stream of output, with what is known of the terminal behind it. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
  hasColors?(): boolean
}

/** The streams a command reads from and writes to. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** Results. */
  readonly output: Output
  /** Everything else: progress, warnings, errors. */
  readonly errors: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts when the user interrupts, or nobody reads the output any more. */
  readonly interrupted: AbortSignal
}

type Style = Parameters<typeof styleText>[0]

/** Colours, on a terminal that has them and whose user wants them (`NO_COLOR`, `FORCE_COLOR`). */
export function paint(stream: Output, style: Style, text: string): string {
  return isColourful(stream) ? styleText(style, text) : text
}

const isColourful = (stream: Output) => stream.isTTY === true && stream.hasColors?.() === true

/** The terminal of this process. The first interrupt ends what runs in good order, a second one at once. */
export function processTerminal(): Terminal {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // `| head` is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    controller.abort()
  })
  // Who does not want to read what is logged any more has no say in the rest.
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    env: process.env,
    interrupted: controller.signal,
  }
}

/** Writes text; resolves when there is room for more. */
export function write(stream: Output, text: string | Uint8Array, signal?: AbortSignal): Promise<void> | undefined {
  if (stream.write(text) || signal?.aborted) return undefined
  return new Promise((resolve) => {
    const done = () => {
      stream.removeListener('drain', done)
      stream.removeListener('close', done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    stream.once('drain', done)
    stream.once('close', done)
    signal?.addEventListener('abort', done)
  })
}

/** Writes text; resolves with false when nobody takes it any more, as with `| head`, or the signal aborts. */
export function handOver(stream: Output, text: string | Uint8Array, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const abort = () => resolve(false)
    signal.addEventListener('abort', abort)
    stream.write(text, (error) => {
      signal.removeEventListener('abort', abort)
      resolve(!error)
    })
  })
}

/** A value as JSON: indented for reading. */
export function writeJson({ output }: Terminal, value: unknown): void {
  output.write(`${JSON.stringify(value, null, 2)}\n`)
}

export type Cell = string | number | bigint | undefined

/** Columns with a heading; numbers stand to the right. */
export function writeTable(
  { output }: Terminal,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): void {
  const texts = rows.map((row) => row.map((cell) => (cell === undefined ? '-' : String(cell))))
  const isNumeric = headings.map((_, column) => rows.every((row) => typeof row[column] !== 'string'))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell[isNumeric[column] ? 'padStart' : 'padEnd'](widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  output.write(`${paint(output, 'bold', line(headings))}\n`)
  for (const row of texts) output.write(`${line(row)}\n`)
}
