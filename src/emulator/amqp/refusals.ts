import { AuthorizationError } from '../authorization.js'
import { type Refusal, RefusedError } from '../model/errors.js'
import { tracked } from '../tracking.js'
import {
  badToken,
  internalError,
  invalidArgument,
  linkStolen,
  quotaExceeded,
  ServiceError,
  unauthorized,
} from './service-error.js'

/** Location of a refusal, for its text. */
export interface RefusalPlace {
  /** Host and port as clients write them. */
  readonly host: string
  /** Names the event hub and the consumer group of a reader, as the service's texts do. */
  readonly tracker?: string
}

/** An error of the emulator's model in AMQP's words; undefined when it is none: a mistake of the emulator itself. */
export function toServiceError(error: unknown, place: RefusalPlace): ServiceError | undefined {
  if (error instanceof ServiceError) return error
  if (error instanceof RefusedError) return render(error.refusal, place)
  if (!(error instanceof AuthorizationError)) return undefined
  const { failure } = error
  if (failure.kind === 'missing-claim') return unauthorized(place.host, failure.path, failure.claim)
  return badToken(failure.code, failure.text)
}

/** The same, where a mistake of the emulator is told by `report` and the peer hears of an internal error. */
export function serviceErrorOf(error: unknown, place: RefusalPlace & { report(error: unknown): void }): ServiceError {
  const known = toServiceError(error, place)
  if (known) return known
  place.report(error)
  return internalError()
}

/**
 * Texts observed: azure-sdk-for-js TROUBLESHOOTING.md and #15893, iothub-explorer #40, azure-docs #24985 (readers);
 * azure-event-hubs-python #13, azure-sdk-for-java #10215, spotflow-io/in-memory-azure-test-sdk (positions). Producers:
 * azure-sdk-for-js, util/error.ts and eventHubProducerClient.idem.spec.
 */
function render(refusal: Refusal, { tracker }: RefusalPlace): ServiceError {
  switch (refusal.kind) {
    case 'position-beyond-end': {
      const what = refusal.by === 'offset' ? 'offset' : 'sequence number'
      return invalidArgument(
        `The supplied ${what} '${refusal.value}' is invalid. The last ${what} in the system is '${refusal.last}'`,
      )
    }
    case 'reader-without-epoch':
      return linkStolen(
        `At least one receiver for the endpoint is created with epoch of '${refusal.highest}', and so non-epoch ` +
          'receiver is not allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are closed ' +
          'or disconnected.',
        tracker,
      )
    case 'epoch-too-low': {
      const name = refusal.name ?? 'nil'
      return linkStolen(
        `Receiver '${refusal.holder ?? 'nil'}' with a higher epoch '${refusal.highest}' already exists. Receiver '${name}' with epoch ` +
          `${refusal.epoch} cannot be created. Make sure you are creating receiver with increasing epoch value to ensure ` +
          'connectivity, or ensure all old epoch receivers are closed or disconnected.',
        tracker,
      )
    }
    case 'reader-displaced':
      return linkStolen(
        `New receiver '${refusal.by.name ?? 'nil'}' with higher epoch of '${refusal.by.epoch}' is created hence current ` +
          `receiver '${refusal.name ?? 'nil'}' with epoch '${refusal.epoch ?? 'nil'}' is getting disconnected. If you ` +
          'are recreating the receiver, make sure a higher epoch is used.',
        tracker,
      )
    case 'too-many-readers': {
      const names = refusal.names.map((name) => name ?? 'nil').join(', ')
      return quotaExceeded(
        'Exceeded the maximum number of allowed receivers per partition in a consumer group which is ' +
          `${refusal.limit}. List of connected receivers - ${names}.`,
        tracker,
      )
    }
    case 'producer-out-of-range':
      return new ServiceError(
        'com.microsoft:argument-out-of-range',
        tracked(
          'Invalid range for idempotent producer state. Producer Id, Epoch, and Sequence Number must be zero or positive.',
        ),
        400,
      )
    case 'producer-fenced':
      return new ServiceError(
        'com.microsoft:producer-epoch-stolen',
        tracked(
          `The epoch of producer '${refusal.producerId}' is over: a higher one has taken its place. ` +
            `Received:${refusal.epoch} Current:${refusal.current}.`,
        ),
        409,
      )
    case 'sequence-out-of-order':
      return new ServiceError('com.microsoft:out-of-order-sequence', tracked(outOfOrderText(refusal)), 409)
  }
}

/** An old sequence number is of no batch that was stored as it comes; one too high leaves a gap. */
function outOfOrderText({ producerId, sequenceNumber, last }: Extract<Refusal, { kind: 'sequence-out-of-order' }>) {
  const what = sequenceNumber <= last ? 'an old sequence number' : 'a sequence number out of order'
  return `Producer '${producerId}' has sent ${what}. Received:${sequenceNumber} Current:${last}.`
}
