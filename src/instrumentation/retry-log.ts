import type { RetryExecution } from '../retry/retry.js'
import type { Logger } from '../types/index.js'

/** Tells of each failure that is tried again, as kafkajs does: a wait that nobody hears of looks like a standstill. */
export function retryLog(logger: Logger, what: string): NonNullable<RetryExecution['onRetry']> {
  return ({ message }, { retryCount, retryTime }) =>
    logger.error(`${what}, trying again: ${message}`, { retryCount, retryTime })
}
