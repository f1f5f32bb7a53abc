import { KafkaJSNumberOfRetriesExceeded } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import { timerDelay } from '../util/timers.js'
import { wait as waitByClock } from '../util/wait.js'

/** The number of retries of a failed operation, and the waits before them. Complete: `config.ts` fills the defaults. */
export interface RetrySettings {
  /** The first wait, ms. */
  readonly initialRetryTime: number
  /** Jitter, a share of the wait. */
  readonly factor: number
  /** The factor by which each wait is longer than the one before. */
  readonly multiplier: number
  /** The longest wait but for the first, ms. */
  readonly maxRetryTime: number
  /** The number of retries after the first attempt. */
  readonly retries: number
}

/** An attempt, by its number. */
export interface Attempt {
  /** 0 for the first. */
  readonly retryCount: number
  /** The wait that follows if this attempt fails, ms. */
  readonly retryTime: number
}

export interface RetryExecution {
  /** Waits between attempts. Default: by the clock. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Ends the waiting: the error of the last attempt is thrown as it is. */
  readonly signal?: AbortSignal
  /** Called before each wait. */
  onRetry?(error: Error, attempt: Attempt): void
}

/** Mistakes in code, not in the world: trying again cannot help. */
const mistakes = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'])

/**
 * True for an error after which trying again may help: kafkajs's rule, except that a TypeError with a cause is no mistake
 * in code. `fetch` throws one when the network is away: it must not end a consumer whose handler or store uses it.
 */
export function isRetriable(error: unknown): boolean {
  const { retriable, name, cause } = (error ?? {}) as { retriable?: unknown; name?: string; cause?: unknown }
  return retriable !== false && (!mistakes.has(name ?? '') || (name === 'TypeError' && Boolean(cause)))
}

const withJitter = (time: number, factor: number) => Math.ceil(time * (1 - factor + 2 * factor * Math.random()))

/** The first wait, ms. */
export function firstRetryTime({ initialRetryTime, factor }: RetrySettings): number {
  return timerDelay(withJitter(initialRetryTime, factor))
}

/** The wait after one of `retryTime`, ms. */
export function nextRetryTime(retryTime: number, { factor, multiplier, maxRetryTime }: RetrySettings): number {
  return timerDelay(Math.min(withJitter(retryTime, factor) * multiplier, maxRetryTime))
}

/**
 * Runs an operation until it succeeds. An error that is not retriable is thrown as it is, at once, and what is no error
 * as one; when the retries are
 * used up, `KafkaJSNumberOfRetriesExceeded` with the last error as `cause`.
 */
export async function retry<T>(
  operation: (attempt: Attempt) => Promise<T>,
  settings: RetrySettings,
  { signal, onRetry, wait = waitByClock }: RetryExecution = {},
): Promise<T> {
  signal?.throwIfAborted()
  let retryTime = firstRetryTime(settings)
  for (let retryCount = 0; ; retryCount++) {
    const attempt = { retryCount, retryTime }
    try {
      return await operation(attempt)
    } catch (thrown) {
      const error = toError(thrown)
      if (!isRetriable(error) || signal?.aborted) throw error
      if (retryCount >= settings.retries) throw new KafkaJSNumberOfRetriesExceeded(error, attempt)
      onRetry?.(error, attempt)
      await wait(retryTime, signal)
      if (signal?.aborted) throw error
      retryTime = nextRetryTime(retryTime, settings)
    }
  }
}
