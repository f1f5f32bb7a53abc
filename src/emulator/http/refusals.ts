import { internalError, ServiceError } from '../amqp/service-error.js'
import { NamespaceError } from '../model/namespace.js'

/** Refusals of the management API. The sub-codes are those of Service Bus, whose twin of this API documents them. */

export function badRequest(text: string): ServiceError {
  return new ServiceError('amqp:not-allowed', `SubCode=40000. Bad Request. ${text}`, 400)
}

export function notFound(path: string): ServiceError {
  return new ServiceError('amqp:not-found', `SubCode=40400. Not Found. The entity '${path}' doesn't exist.`, 404)
}

export function methodNotAllowed(method: string): ServiceError {
  return new ServiceError('amqp:not-allowed', `The method ${method} is not allowed here.`, 405)
}

/** 409 "The specified Event Hub already exists" (Create Event Hub), 404, 400; 500 for what should not be. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  if (!(error instanceof NamespaceError)) return internalError()
  if (error.reason === 'invalid') return badRequest(error.message)
  if (error.reason === 'not-found') {
    return new ServiceError('amqp:not-found', `SubCode=40400. Not Found. ${error.message}`, 404)
  }
  return new ServiceError('amqp:not-allowed', `SubCode=40900. Conflict. ${error.message}`, 409)
}
