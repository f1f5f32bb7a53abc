import type {
  KafkaJSNumberOfRetriesExceededMetadata,
  KafkaJSServerDoesNotSupportApiKeyMetadata,
} from '../types/error-metadata.js'
import { redact } from '../util/redact.js'
import { brand, fieldOf, type KafkaJSErrorOrigin, KafkaJSNonRetriableError, textOf } from './base.js'

/** Every retry failed; `cause` is the last failure. @public */
export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  /** The number of retries there were. */
  declare readonly retryCount: number
  /** The last wait, ms. */
  declare readonly retryTime: number
  /** The stack of the last failure. */
  declare readonly stack: string

  /** Takes the last failure. */
  constructor(e: Error | string = '', { retryCount, retryTime }: Partial<KafkaJSNumberOfRetriesExceededMetadata> = {}) {
    super(e, { cause: e })
    Object.assign(this, {
      stack: `KafkaJSNonRetriableError\n  Caused by: ${redact(String(fieldOf(e, 'stack')))}`,
      retryCount,
      retryTime,
      name: 'KafkaJSNumberOfRetriesExceeded',
    })
  }
}
brand(KafkaJSNumberOfRetriesExceeded, 'KafkaJSNumberOfRetriesExceeded')

/** A message was cut short. @public */
export class KafkaJSPartialMessageError extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSPartialMessageError' })
  }
}
brand(KafkaJSPartialMessageError, 'KafkaJSPartialMessageError')

/** Credentials are missing, wrong or not allowed. @public */
export class KafkaJSSASLAuthenticationError extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSSASLAuthenticationError' })
  }
}
brand(KafkaJSSASLAuthenticationError, 'KafkaJSSASLAuthenticationError')

/** Nobody coordinates the group. @public */
export class KafkaJSGroupCoordinatorNotFound extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSGroupCoordinatorNotFound' })
  }
}
brand(KafkaJSGroupCoordinatorNotFound, 'KafkaJSGroupCoordinatorNotFound')

/** Kafka has it, and Event Hubs over AMQP has not; the message names the way out. @public */
export class KafkaJSNotImplemented extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSNotImplemented' })
  }
}
brand(KafkaJSNotImplemented, 'KafkaJSNotImplemented')

/** Something took too long. @public */
export class KafkaJSTimeout extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSTimeout' })
  }
}
brand(KafkaJSTimeout, 'KafkaJSTimeout')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSLockTimeout extends KafkaJSTimeout {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSLockTimeout' })
  }
}
brand(KafkaJSLockTimeout, 'KafkaJSLockTimeout')

/** Part of kafkajs's family; this package does not throw it. @public */
export class KafkaJSUnsupportedMagicByteInMessageSet extends KafkaJSNonRetriableError {
  /** Takes a text or an error. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(e, metadata)
    Object.assign(this, { name: 'KafkaJSUnsupportedMagicByteInMessageSet' })
  }
}
brand(KafkaJSUnsupportedMagicByteInMessageSet, 'KafkaJSUnsupportedMagicByteInMessageSet')

/** The service does not know a request. @public */
export class KafkaJSServerDoesNotSupportApiKey extends KafkaJSNonRetriableError {
  /** Number of the request. */
  declare readonly apiKey: number
  /** Name of the request. */
  declare readonly apiName: string

  /** Takes a text or an error, and the request. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { apiKey, apiName }: Partial<KafkaJSServerDoesNotSupportApiKeyMetadata> = {},
  ) {
    super(e)
    Object.assign(this, { apiKey, apiName, name: 'KafkaJSServerDoesNotSupportApiKey' })
  }
}
brand(KafkaJSServerDoesNotSupportApiKey, 'KafkaJSServerDoesNotSupportApiKey')

/** This package is wrong about itself: a bug. @public */
export class KafkaJSInvariantViolation extends KafkaJSNonRetriableError {
  /** Takes what should have been. */
  constructor(e: KafkaJSErrorOrigin = '', metadata: { cause?: unknown } = {}) {
    super(`Invariant violated: ${textOf(e)}. This is likely a bug and should be reported.`, metadata)
    Object.assign(this, { name: 'KafkaJSInvariantViolation' })
  }
}
brand(KafkaJSInvariantViolation, 'KafkaJSInvariantViolation')

/** Part of kafkajs's family; this package does not throw it. Its `name` is that of its parent, as in kafkajs. @public */
export class KafkaJSInvalidVarIntError extends KafkaJSNonRetriableError {}
brand(KafkaJSInvalidVarIntError, 'KafkaJSInvalidVarIntError')

/** Part of kafkajs's family; this package does not throw it. Its `name` is that of its parent, as in kafkajs. @public */
export class KafkaJSInvalidLongError extends KafkaJSNonRetriableError {}
brand(KafkaJSInvalidLongError, 'KafkaJSInvalidLongError')
