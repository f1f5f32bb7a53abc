import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { scaled } from './pace.js'

/** One line a child program prints: a JSON object that says what it is. */
export interface ReportLine {
  readonly type: string
}

/**
 * A program of its own, in TypeScript, that reports in lines of JSON on its standard output and takes commands, lines of
 * JSON as well, on its standard input. It ends with its parent.
 */
export interface ChildProgram<Line extends ReportLine> extends AsyncDisposable {
  readonly pid: number
  /** All it has reported. */
  readonly lines: readonly Line[]
  send(command: object): void
  onLine(listener: (line: Line) => void): void
  /** The first line that fits, past or to come. Rejects when the program ends, or the time does, without one. */
  waitFor<Found extends Line>(fits: (line: Line) => line is Found, timeout?: number): Promise<Found>
  waitFor(fits: (line: Line) => boolean, timeout?: number): Promise<Line>
  kill(signal: NodeJS.Signals): void
  /** Resolves when it has ended and every line it wrote has been taken in. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export interface ChildProgramOptions {
  readonly env?: Record<string, string | undefined>
  /** Takes in what it prints that is no report: its log. */
  readonly log?: (text: string) => void
}

const DEFAULT_TIMEOUT_MS = 60_000
const KEPT_ERROR_OUTPUT = 16_384

/** Those that live; they end with this process. */
const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Starts a program with `node --import tsx`. */
export function startProgram<Line extends ReportLine>(url: URL, options: ChildProgramOptions = {}): ChildProgram<Line> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(url)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  living.add(child)

  const lines: Line[] = []
  const listeners = new Set<(line: Line) => void>()
  let errorOutput = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-KEPT_ERROR_OUTPUT)
    options.log?.(text)
  })
  // Writing to a program that has just been killed is no error of the test's.
  child.stdin.on('error', () => undefined)
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseLine<Line>(text)
    // A line that a SIGKILL cut short, or that a library printed.
    if (!line) return options.log?.(`${text}\n`)
    lines.push(line)
    for (const listener of [...listeners]) listener(line)
  })
  // 'close' comes after the last output, 'exit' may come before it.
  const ended = once(child, 'close').then(([code, signal]) => {
    living.delete(child)
    return { code: code as number | null, signal: signal as NodeJS.Signals | null }
  })

  const waitFor = (fits: (line: Line) => boolean, timeout = DEFAULT_TIMEOUT_MS): Promise<Line> =>
    new Promise((resolve, reject) => {
      const past = lines.find(fits)
      if (past) return resolve(past)
      const stop = () => {
        listeners.delete(listener)
        clearTimeout(timer)
      }
      const listener = (line: Line) => {
        if (!fits(line)) return
        stop()
        resolve(line)
      }
      const fail = (reason: string) => {
        stop()
        const last = lines.slice(-3).map((line) => JSON.stringify(line).slice(0, 300))
        reject(new Error(`${reason}\nlast lines: ${last.join('\n')}\n${errorOutput}`))
      }
      const timer = setTimeout(() => fail(`The program did not report it within ${timeout} ms`), scaled(timeout))
      listeners.add(listener)
      ended.then(({ code, signal }) => fail(`The program ended (${signal ?? code}) before it reported it`))
    })

  return {
    pid: child.pid ?? -1,
    lines,
    ended,
    waitFor: waitFor as ChildProgram<Line>['waitFor'],
    send: (command) => void child.stdin.write(`${JSON.stringify(command)}\n`),
    onLine: (listener) => void listeners.add(listener),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function parseLine<Line extends ReportLine>(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const line = JSON.parse(text) as Line
    return typeof line.type === 'string' ? line : undefined
  } catch {
    return undefined
  }
}
