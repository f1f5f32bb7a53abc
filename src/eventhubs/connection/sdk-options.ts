import type { RetryOptions } from '@azure/core-amqp'

/**
 * A single attempt: retrying is the caller's, the SDK's own retries nest. Takes the time an operation may take, ms. Made
 * anew for each client, as the SDK writes into it.
 */
export const retryOptions = (timeout: number): RetryOptions => ({ maxRetries: 0, timeoutInMs: timeout })
