import type { TokenFault } from '../authorization.js'
import type { FaultError } from '../faults.js'
import { tracked } from '../tracking.js'

/**
 * A refusal in the service's words: an AMQP error condition and its text. What a link is detached, a delivery rejected
 * or a request answered with.
 */
export class ServiceError extends Error {
  readonly condition: string
  readonly description: string
  /** `status-code` of `$cbs` and `$management` replies. */
  readonly status: number

  constructor(condition: string, description: string, status: number) {
    super(description)
    this.name = 'ServiceError'
    this.condition = condition
    this.description = description
    this.status = status
  }
}

/** Observed: azure-sdk-for-js client.spec; the SDK looks for this very wording. */
export function entityNotFound(host: string, path: string): ServiceError {
  return new ServiceError(
    'amqp:not-found',
    tracked(`The messaging entity 'sb://${host}/${path}' could not be found.`),
    404,
  )
}

/** Observed: azure-event-hubs-node #186, azure-event-hubs-python #4. */
export function unauthorized(host: string, path: string, claim: string): ServiceError {
  return new ServiceError(
    'amqp:unauthorized-access',
    tracked(
      `Unauthorized access. '${claim}' claim(s) are required to perform this operation. ` +
        `Resource: 'sb://${host}/${path.toLowerCase()}'.`,
    ),
    401,
  )
}

/** A token that does not hold. `code` is the word the service begins with. Observed: azure-sdk-for-java #30723. */
export function badToken(code: TokenFault, text: string): ServiceError {
  return new ServiceError('amqp:unauthorized-access', tracked(`${code}: ${text}`), 401)
}

/** Observed: azure-sdk-for-js sender.spec; the same on a link and on `$management`. */
export function invalidPartition(): ServiceError {
  return new ServiceError(
    'com.microsoft:argument-out-of-range',
    tracked('The specified partition is invalid for an EventHub partition sender or receiver.'),
    400,
  )
}

/** Observed: azure-event-hubs-python #106. */
export function messageTooLarge(deliveryId: number, size: number, limit: number): ServiceError {
  return new ServiceError(
    'amqp:link:message-size-exceeded',
    tracked(
      `The received message (delivery-id:${deliveryId}, size:${size} bytes) exceeds the limit (${limit} bytes) ` +
        'currently allowed on the link.',
    ),
    400,
  )
}

/** AMQP 1.0 §2.8.15: the payload can not be decoded. */
export function undecodable(reason: string): ServiceError {
  return new ServiceError('amqp:decode-error', tracked(`The message could not be decoded: ${reason}.`), 400)
}

/** Observed: azure-sdk-for-python #20308, azure-sdk-for-js #12587. */
export function serverBusy(): ServiceError {
  return new ServiceError(
    'com.microsoft:server-busy',
    tracked(
      'The request was terminated because the entity is being throttled. Error code : 50002. Sub error : 102. ' +
        'Please wait 4 seconds and try again. To know more visit https://aka.ms/sbResourceMgrExceptions.',
    ),
    503,
  )
}

export function invalidArgument(text: string): ServiceError {
  return new ServiceError('com.microsoft:argument-error', tracked(text), 400)
}

export function notImplemented(text: string): ServiceError {
  return new ServiceError('amqp:not-implemented', tracked(text), 501)
}

export function notAllowed(text: string): ServiceError {
  return new ServiceError('amqp:not-allowed', tracked(text), 400)
}

export function detachForced(text: string): ServiceError {
  return new ServiceError('amqp:link:detach-forced', tracked(text), 410)
}

export function linkStolen(text: string, tracker?: string): ServiceError {
  return new ServiceError('amqp:link:stolen', tracked(text, tracker), 409)
}

export function quotaExceeded(text: string, tracker?: string): ServiceError {
  return new ServiceError('amqp:resource-limit-exceeded', tracked(text, tracker), 403)
}

export function internalError(): ServiceError {
  return new ServiceError('amqp:internal-error', tracked('The service was unable to process the request.'), 500)
}

/** A fault that was scripted in the emulator. */
export function scripted({ condition, description }: Required<FaultError>): ServiceError {
  return new ServiceError(condition, description, 500)
}
