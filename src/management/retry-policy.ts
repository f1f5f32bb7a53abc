import { type PipelinePolicy, type PipelineResponse, retryPolicy } from '@azure/core-rest-pipeline'
import type { RetrySettings } from '../retry/retry.js'
import { isPassingConflict } from './errors.js'

const RETRY_AFTER = ['retry-after', 'retry-after-ms', 'x-ms-retry-after-ms']

/** Tries again what the pipeline's own policy passes over: 429 without `Retry-After`, and another operation in progress. */
export function busyRetryPolicy({ retries, initialRetryTime, maxRetryTime }: RetrySettings): PipelinePolicy {
  return {
    ...retryPolicy(
      [
        {
          name: 'busy',
          retry: ({ retryCount, response }) =>
            response && isBusy(response)
              ? { retryAfterInMs: Math.min(initialRetryTime * 2 ** retryCount, maxRetryTime) }
              : { skipStrategy: true },
        },
      ],
      { maxRetries: retries },
    ),
    name: 'busyRetryPolicy',
  }
}

function isBusy({ status, headers, bodyAsText }: PipelineResponse): boolean {
  if (status === 429) return !RETRY_AFTER.some((name) => headers.has(name))
  return isPassingConflict(status, bodyAsText ?? '')
}
