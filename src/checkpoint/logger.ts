import { createClientLogger } from '@azure/logger'

/** The part of kafkajs's logger that stores use. @public */
export interface StoreLogger {
  /** Something was passed over that somebody should look at. */
  warn(message: string, extra?: object): void
}

/** The default target of warnings: to the log of the Azure SDKs (`AZURE_LOG_LEVEL=warning` prints it). */
export function defaultStoreLogger(): StoreLogger {
  const logger = createClientLogger('kafkajs-eventhubs')
  return { warn: (message, extra) => (extra ? logger.warning(message, extra) : logger.warning(message)) }
}
