import { environmentLogLevel } from '../config/config.js'
import { toError } from '../errors/thrown.js'
import { logLevel } from '../types/enums.js'
import type { LogEntry, Logger, logCreator } from '../types/index.js'
import { redactValue } from '../util/redact.js'

/** The logger of a `Kafka`: its `setLogLevel` and those of all loggers below it set one level. */
export type RootLogger = Logger

/** The parts a logger is made of. */
export interface LoggerOptions {
  /** Default INFO. */
  readonly level?: logLevel
  /** Default: the console. */
  readonly logCreator?: logCreator
}

/**
 * The line of an entry. What programs hand to a logger may lead back to itself, or throw when it is looked at; the
 * message is written all the same.
 */
function toLine(entry: object): string {
  try {
    return JSON.stringify(entry)
  } catch {
    return JSON.stringify(
      Object.fromEntries(
        Object.entries(entry).map(([key, value]) => [key, typeof value === 'string' ? value : toError(value).message]),
      ),
    )
  }
}

/** Writes entries to the console, one JSON object per line. */
export const consoleLogCreator: logCreator = () => (entry) => {
  const { namespace, level, label, log } = entry
  const message = namespace ? `[${namespace}] ${log.message}` : log.message
  const line = toLine({ level: label, ...log, message })
  if (level === logLevel.ERROR) console.error(line)
  else if (level === logLevel.WARN) console.warn(line)
  else if (level === logLevel.INFO) console.info(line)
  else if (level === logLevel.DEBUG) console.log(line)
}

type Write = (entry: LogEntry) => void

/**
 * A function of the program's that takes entries. Lines tell of trouble in the midst of dealing with it, so one that fails
 * must not cause more: what it does not take goes to the console, with the reason once.
 */
function unfailing(write: Write): Write {
  const toConsole = consoleLogCreator(logLevel.INFO)
  let isReasonTold = false
  const fallBack = (entry: LogEntry, thrown: unknown) => {
    const reason = toError(thrown).message
    if (!isReasonTold) {
      isReasonTold = true
      const message = `The function that logCreator made failed, and the console takes its entries: ${reason}`
      const log = redactValue({ timestamp: entry.log.timestamp, logger: 'kafkajs', message }) as LogEntry['log']
      toConsole({ namespace: undefined as never, level: logLevel.ERROR, label: 'ERROR', log })
    }
    toConsole(entry)
  }
  return (entry) => {
    try {
      const result: unknown = write(entry)
      if (result instanceof Promise) result.catch((error: unknown) => fallBack(entry, error))
    } catch (error) {
      fallBack(entry, error)
    }
  }
}

/**
 * Makes the root logger. `KAFKAJS_LOG_LEVEL` decides over `level`, and pins the level of every namespace. Secrets are
 * taken out of what is logged before `logCreator`'s function sees it.
 */
export function createLogger({
  level = logLevel.INFO,
  logCreator = consoleLogCreator,
}: LoggerOptions = {}): RootLogger {
  let sharedLevel = environmentLogLevel() ?? level
  const write = unfailing(logCreator(sharedLevel))

  const named = (namespace: string | undefined, ownLevel: logLevel | undefined): Logger => {
    const at =
      (label: string, entryLevel: logLevel) =>
      (message: string, extra: object = {}) => {
        if (entryLevel > (ownLevel ?? sharedLevel)) return
        const timestamp = new Date().toISOString()
        const log = redactValue({ timestamp, logger: 'kafkajs', message, ...extra }) as LogEntry['log']
        write({ namespace: namespace as string, level: entryLevel, label, log })
      }
    return {
      info: at('INFO', logLevel.INFO),
      error: at('ERROR', logLevel.ERROR),
      warn: at('WARN', logLevel.WARN),
      debug: at('DEBUG', logLevel.DEBUG),
      namespace: (name, level) => named(name, environmentLogLevel() ?? level ?? undefined),
      setLogLevel: (level) => {
        sharedLevel = level
      },
    }
  }
  return named(undefined, undefined)
}
