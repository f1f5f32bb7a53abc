import type { KafkaJSConnectionErrorMetadata, KafkaJSRequestTimeoutErrorMetadata } from '../types/error-metadata.js'
import { brand, KafkaJSError, type KafkaJSErrorOrigin } from './base.js'

/** No connection, or one that broke. @public */
export class KafkaJSConnectionError extends KafkaJSError {
  /** `host:port`. */
  declare readonly broker: string
  /** Node's error code, e.g. `ECONNREFUSED`. */
  declare readonly code?: string

  /** Takes what happened and to whom. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { broker, code, retriable, cause }: KafkaJSConnectionErrorMetadata & { retriable?: boolean; cause?: unknown } = {},
  ) {
    super(e, { ...(retriable !== undefined && { retriable }), cause })
    Object.assign(this, { broker, code, name: 'KafkaJSConnectionError' })
  }
}
brand(KafkaJSConnectionError, 'KafkaJSConnectionError')

/** The service closed the connection. @public */
export class KafkaJSConnectionClosedError extends KafkaJSConnectionError {
  /** Host. */
  declare readonly host: string
  /** Port. */
  declare readonly port: number

  /** Takes what happened and to whom. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    { host, port, cause }: { host?: string; port?: number; cause?: unknown } = {},
  ) {
    super(e, { broker: `${host}:${port}`, cause })
    Object.assign(this, { host, port, name: 'KafkaJSConnectionClosedError' })
  }
}
brand(KafkaJSConnectionClosedError, 'KafkaJSConnectionClosedError')

/** An operation took longer than `requestTimeout`. @public */
export class KafkaJSRequestTimeoutError extends KafkaJSError {
  /** `host:port`. */
  declare readonly broker: string
  /** Number of the operation. */
  declare readonly correlationId: number
  /** Ms since the epoch. */
  declare readonly createdAt: number
  /** Ms since the epoch. */
  declare readonly sentAt: number
  /** Ms. */
  declare readonly pendingDuration: number

  /** Takes what timed out, and when it was begun. */
  constructor(
    e: KafkaJSErrorOrigin = '',
    {
      broker,
      correlationId,
      createdAt,
      sentAt,
      pendingDuration,
      cause,
    }: Partial<KafkaJSRequestTimeoutErrorMetadata> & { cause?: unknown } = {},
  ) {
    super(e, { cause })
    Object.assign(this, {
      broker,
      correlationId,
      createdAt,
      sentAt,
      pendingDuration,
      name: 'KafkaJSRequestTimeoutError',
    })
  }
}
brand(KafkaJSRequestTimeoutError, 'KafkaJSRequestTimeoutError')
