/** The fields by which an error is recognized; what is missing is empty. */
export interface ErrorTraits {
  readonly name: string
  /** Code of the SDK or of Node, e.g. `ServerBusyError`, `ECONNREFUSED`. */
  readonly code: string
  /** AMQP condition, where the error still has it. */
  readonly condition: string
  /** HTTP status, or 0. */
  readonly status: number
  readonly message: string
}

/** The code that an error about the token gets where the service has taken the token before. */
export const tokenRevoked = 'TokenRevokedError'

/** The kind of error that a foreign one becomes. */
export type ErrorKind =
  | { readonly kind: 'protocol'; readonly type: string; readonly retriable?: boolean }
  | { readonly kind: 'offset-out-of-range' }
  | { readonly kind: 'connection'; readonly retriable?: boolean }
  | { readonly kind: 'connection-closed' }
  | { readonly kind: 'authentication' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'mistake' }

/** One row: an error that has any of the codes (and whose text matches, where one is asked for) becomes `becomes`. */
export interface ErrorRow {
  /** Names of errors, SDK codes, AMQP conditions, codes of Node, HTTP statuses. */
  readonly codes: readonly (string | number)[]
  /** With `codes`: both must hold. Without any: the text alone decides. */
  readonly text?: RegExp
  readonly becomes: ErrorKind
  /** The advice on what to do, as the last sentence of the message. */
  readonly advice?: string
}

/** A row's outcome as an error of Kafka's protocol. */
export const protocol = (type: string, retriable?: boolean): ErrorKind => ({
  kind: 'protocol',
  type,
  ...(retriable !== undefined && { retriable }),
})
