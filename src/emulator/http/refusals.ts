import { AuthorizationError } from '../authorization.js'
import { NamespaceError } from '../model/errors.js'
import { tracked } from '../tracking.js'

/** A refusal of the management API: a status and the text of the answer's `Detail`. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.name = 'HttpError'
    this.status = status
  }
}

// The sub-codes are those of Service Bus, whose twin of this API documents them.

export function badRequest(text: string): HttpError {
  return new HttpError(400, `SubCode=40000. Bad Request. ${text}`)
}

export function notFound(path: string): HttpError {
  return new HttpError(404, `SubCode=40400. Not Found. The entity '${path}' doesn't exist.`)
}

export function methodNotAllowed(method: string): HttpError {
  return new HttpError(405, `The method ${method} is not allowed here.`)
}

/**
 * 409 "The specified Event Hub already exists" (Create Event Hub), 404, 400, 401. Undefined for what is a mistake of the
 * emulator itself.
 */
export function toHttpError(error: unknown, host: string): HttpError | undefined {
  if (error instanceof HttpError) return error
  if (error instanceof AuthorizationError) return unauthorized(error, host)
  if (!(error instanceof NamespaceError)) return undefined
  if (error.reason === 'invalid') return badRequest(error.message)
  if (error.reason === 'not-found') return new HttpError(404, `SubCode=40400. Not Found. ${error.message}`)
  return new HttpError(409, `SubCode=40900. Conflict. ${error.message}`)
}

function unauthorized({ failure }: AuthorizationError, host: string): HttpError {
  if (failure.kind === 'bad-token') return new HttpError(401, tracked(`${failure.code}: ${failure.text}`))
  const { claim, path } = failure
  return new HttpError(
    401,
    tracked(
      `Unauthorized access. '${claim}' claim(s) are required to perform this operation. ` +
        `Resource: 'sb://${host}/${path.toLowerCase()}'.`,
    ),
  )
}
