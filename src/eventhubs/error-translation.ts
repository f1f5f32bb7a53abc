import { KafkaJSSASLAuthenticationError, protocolTypeOf } from '../errors/index.js'
import { type ErrorContext, toKafkaJSError } from '../translate/error.js'

export interface ErrorTranslationOptions extends Pick<ErrorContext, 'broker' | 'mechanism'> {
  /** The service does not take the credential, or not any longer: the next attempt should ask for another. */
  onRefused(): void
}

/** Errors of one client's connections in kafkajs's family; those that refuse its credential are told of. */
export interface ErrorTranslation {
  /** The translation of what goes wrong in one place. */
  toError(context: ErrorContext): (error: unknown) => Error
  /** Rejects with the translation of what the promise rejects with. */
  rejecting<T>(promise: Promise<T>, context: ErrorContext): Promise<T>
}

export function createErrorTranslation({ onRefused, ...common }: ErrorTranslationOptions): ErrorTranslation {
  const toError = (context: ErrorContext) => (error: unknown) => {
    const translated = toKafkaJSError(error, { ...common, ...context })
    if (isRefusal(translated)) onRefused()
    return translated
  }
  return {
    toError,
    rejecting: (promise, context) =>
      promise.catch((error: unknown) => {
        throw toError(context)(error)
      }),
  }
}

function isRefusal(error: Error): boolean {
  return error instanceof KafkaJSSASLAuthenticationError || protocolTypeOf(error) === 'SASL_AUTHENTICATION_FAILED'
}
