import { timerDelay } from './timers.js'

export interface DeadlineOptions {
  readonly ms: number
  /** Ends the operation as well. */
  readonly signal?: AbortSignal
  createError(): Error
}

/** Runs an operation, and after the time is up ends it and rejects. */
export async function withDeadline<T>(
  operation: (signal: AbortSignal) => Promise<T>,
  { ms, signal, createError }: DeadlineOptions,
): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = createError()
      reject(error)
      controller.abort(error)
    }, timerDelay(ms))
  })
  try {
    return await Promise.race([
      operation(signal ? AbortSignal.any([signal, controller.signal]) : controller.signal),
      expiry,
    ])
  } finally {
    clearTimeout(timer)
  }
}
