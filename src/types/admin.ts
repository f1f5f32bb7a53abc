import type { RetryOptions } from './config.js'

/** The options of `kafka.admin()`. @public */
export interface AdminConfig {
  /** The retries of failures; laid over `Kafka`'s. */
  retry?: RetryOptions
}

/** An admin client's events, by constant. @public */
export type AdminEvents = {
  CONNECT: 'admin.connect'
  DISCONNECT: 'admin.disconnect'
  REQUEST: 'admin.network.request'
  REQUEST_TIMEOUT: 'admin.network.request_timeout'
  REQUEST_QUEUE_SIZE: 'admin.network.request_queue_size'
}
