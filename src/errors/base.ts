import type { KafkaJSErrorMetadata } from '../types/error-metadata.js'
import { redact, redactError } from '../util/redact.js'

/**
 * The first argument of the constructors of the family: a text, or an error whose text and fields are taken over.
 * @public
 */
export type KafkaJSErrorOrigin = Error | string | { readonly message: string }

const brandOf = (name: string) => Symbol.for(`kafkajs-eventhubs.${name}`)

/**
 * Marks a class and its instances, so that `instanceof` holds between the ESM and the CJS copy of this package, which
 * one process may load both. Subclasses made by users have no mark of their own and behave as ever.
 */
export function brand(errorClass: abstract new (...args: never[]) => Error, name: string): void {
  const symbol = brandOf(name)
  Object.defineProperty(errorClass.prototype, symbol, { value: true })
  Object.defineProperty(errorClass, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      if (this !== errorClass) return Function.prototype[Symbol.hasInstance].call(this, value)
      return typeof value === 'object' && value !== null && symbol in value
    },
  })
}

/** A field of whatever was given, if it has one. */
export const fieldOf = (origin: unknown, field: string): unknown =>
  typeof origin === 'object' && origin !== null ? (origin as Record<string, unknown>)[field] : undefined

/** The text of whatever was given, without secrets. */
export function textOf(origin: unknown): string {
  try {
    return redact(String(fieldOf(origin, 'message') || (origin instanceof Error ? origin.name : (origin ?? ''))))
  } catch {
    return 'Something was thrown that cannot be shown'
  }
}

/** Somebody else's error, cleaned; one that can't be looked at is left as it is. */
function withoutSecrets(cause: unknown): unknown {
  try {
    return cause instanceof Error ? redactError(cause) : cause
  } catch {
    return cause
  }
}

/** The root of the family: everything this package throws, but for wrong argument types. @public */
export class KafkaJSError extends Error {
  /** The class in the family. */
  declare readonly name: string
  /** True when trying again may help. */
  declare readonly retriable: boolean
  /** The page to read on. */
  declare readonly helpUrl?: string
  /** The error beneath. */
  declare readonly cause?: Error

  /** Takes a text or an error, and by default counts as retriable. */
  constructor(e: KafkaJSErrorOrigin = '', { retriable = true, cause }: KafkaJSErrorMetadata = {}) {
    super(textOf(e), { cause: withoutSecrets(cause) })
    Error.captureStackTrace?.(this, new.target)
    Object.assign(this, { name: 'KafkaJSError', retriable, helpUrl: fieldOf(e, 'helpUrl') })
  }
}
brand(KafkaJSError, 'KafkaJSError')

/** Trying again will not help. @public */
export class KafkaJSNonRetriableError extends KafkaJSError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', { cause }: { cause?: unknown } = {}) {
    super(e, { retriable: false, cause })
    Object.assign(this, { name: 'KafkaJSNonRetriableError' })
  }
}
brand(KafkaJSNonRetriableError, 'KafkaJSNonRetriableError')

/** True for an error of the family, whichever copy of this package made it. @public */
export function isKafkaJSError(value: unknown): value is KafkaJSError {
  return value instanceof KafkaJSError
}
