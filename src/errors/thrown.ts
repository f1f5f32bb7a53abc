import { inspect, types } from 'node:util'
import { KafkaJSError } from './base.js'

/** Fields that are looked at, so reading them must not throw. */
const fields = ['name', 'message', 'stack', 'cause', 'retriable', 'type', 'code'] as const

/**
 * The error that somebody else's code has thrown: handlers, listeners, stores and callbacks may throw anything, with
 * getters that throw, without prototype, or nothing. An error as it should be is returned as it is; anything else becomes
 * a retriable `KafkaJSError` that tells what it was.
 */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) {
      for (const field of fields) void (thrown as unknown as Record<string, unknown>)[field]
      if (typeof thrown.message === 'string') return thrown
    }
  } catch {
    // Told as well as it can be.
  }
  ignoreRejection(thrown)
  return new KafkaJSError(describe(thrown))
}

/** A promise that was thrown has nobody else who waits for it. */
function ignoreRejection(thrown: unknown): void {
  if (types.isPromise(thrown)) thrown.catch(() => undefined)
}

function describe(thrown: unknown): string {
  try {
    if (typeof thrown !== 'object' || thrown === null) return String(thrown)
    const { message } = thrown as { message?: unknown }
    if (typeof message === 'string' && message !== '') return message
  } catch {
    // A getter that throws.
  }
  try {
    return inspect(thrown, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
  } catch {
    return 'Something was thrown that cannot be shown'
  }
}
