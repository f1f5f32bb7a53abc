import type { logLevel } from './enums.js'

/** The content of a log entry. @public */
export interface LoggerEntryContent {
  /** The time it was written, ISO 8601. */
  readonly timestamp: string
  /** The event, in words. */
  readonly message: string
  /** Whatever was logged with it. */
  // biome-ignore lint/suspicious/noExplicitAny: kafkajs's contract, which log creators are compiled against
  [key: string]: any
}

/** The argument of a log function made by a {@link logCreator}. @public */
export interface LogEntry {
  /** The part that speaks (`Producer`, `Consumer`, ...); undefined for the root logger. */
  namespace: string
  /** The gravity of the entry. */
  level: logLevel
  /** The name of the level: `ERROR`, `WARN`, `INFO` or `DEBUG`. */
  label: string
  /** The content of the entry. */
  log: LoggerEntryContent
}

/** Makes the function that log entries go to. Called once per `Kafka` with its first log level. @public */
export type logCreator = (logLevel: logLevel) => (entry: LogEntry) => void

/**
 * Writes log entries. `namespace()` gives a logger of another name, which does not nest; `setLogLevel()` changes the
 * level of every logger of one `Kafka` that was not given its own.
 *
 * @public
 */
export type Logger = {
  info: (message: string, extra?: object) => void
  error: (message: string, extra?: object) => void
  warn: (message: string, extra?: object) => void
  debug: (message: string, extra?: object) => void
  namespace: (namespace: string, logLevel?: logLevel) => Logger
  setLogLevel: (logLevel: logLevel) => void
}
