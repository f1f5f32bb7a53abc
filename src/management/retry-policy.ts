import {
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
  retryPolicy,
} from '@azure/core-rest-pipeline'
import { KafkaJSRequestTimeoutError } from '../errors/index.js'
import type { ApiName } from '../instrumentation/events.js'
import { firstRetryTime, nextRetryTime, type RetrySettings } from '../retry/retry.js'
import { withDeadline } from '../util/deadline.js'
import { wait } from '../util/wait.js'
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

/** The time each attempt of a management request may take, and how it is told of. */
export interface RequestDeadline {
  /** The longest time of each attempt, ms; undefined when `enforceRequestTimeout` is false. */
  readonly requestTimeout: number | undefined
  /** Tells of a request that has expired, under Kafka's name for it, and gives the error. */
  timedOut(apiName: ApiName, createdAt: number): KafkaJSRequestTimeoutError
}

/** Ends an attempt that takes too long. The pipeline's own time-out would look like a request that was given up. */
export function deadlinePolicy({ requestTimeout, timedOut }: RequestDeadline): PipelinePolicy {
  return {
    name: 'deadlinePolicy',
    async sendRequest(request, next) {
      if (requestTimeout === undefined) return next(request)
      const createdAt = Date.now()
      const { abortSignal } = request
      try {
        return await withDeadline(
          (signal) => {
            request.abortSignal = signal
            return next(request)
          },
          {
            ms: requestTimeout,
            ...(abortSignal && { signal: abortSignal as AbortSignal }),
            createError: () => timedOut(apiNameOf(request), createdAt),
          },
        )
      } finally {
        // The next attempt has a deadline of its own.
        if (abortSignal) request.abortSignal = abortSignal
        else delete request.abortSignal
      }
    },
  }
}

/** Tries again what has expired. */
export function expiredRetryPolicy(settings: RetrySettings): PipelinePolicy {
  return {
    name: 'expiredRetryPolicy',
    async sendRequest(request, next) {
      let retryTime = firstRetryTime(settings)
      for (let retryCount = 0; ; retryCount++) {
        try {
          return await next(request)
        } catch (error) {
          if (!(error instanceof KafkaJSRequestTimeoutError) || retryCount >= settings.retries) throw error
          await wait(retryTime, request.abortSignal as AbortSignal | undefined)
          retryTime = nextRetryTime(retryTime, settings)
        }
      }
    },
  }
}

/** Kafka's request that comes nearest. */
function apiNameOf({ method, headers, url }: PipelineRequest): ApiName {
  if (method === 'GET') return 'Metadata'
  if (method === 'DELETE') return 'DeleteTopics'
  if (headers.has('If-Match')) return 'AlterConfigs'
  return /\/consumergroups\//i.test(url) ? 'JoinGroup' : 'CreateTopics'
}
