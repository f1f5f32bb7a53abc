import { isKafkaJSError, KafkaJSError } from '../errors.js'

/** Where a foreign error came from; what its message names. */
export interface ErrorContext {
  /** What was being done, e.g. `send`. */
  readonly operation?: string
  readonly topic?: string
  readonly partition?: number
  /** `host:port`. */
  readonly broker?: string
}

/** The one door for foreign errors: an error of kafkajs's family, with the original as `cause`. */
export function toKafkaJSError(error: unknown, _context: ErrorContext = {}): KafkaJSError {
  if (isKafkaJSError(error)) return error
  return new KafkaJSError(error instanceof Error ? error : String(error), { cause: error })
}
