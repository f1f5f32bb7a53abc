import type { ConsumerSettings } from '../config/settings.js'
import { KafkaJSError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { Logger } from '../types/index.js'

export interface RestartRuleOptions extends Pick<ConsumerSettings, 'restartOnFailure' | 'groupId'> {
  readonly logger: Logger
  /** A failure to authenticate may pass. */
  readonly mayAuthenticateAgain: boolean
}

/**
 * True where a consumer that has crashed starts again, by kafkajs's rule: when retries were used up or the error at the
 * bottom is retriable, unless `restartOnFailure` says no; it is not asked about other errors, and a failure of its own
 * counts as yes. Beyond that rule, an identity that worked and is out of order for a while does not end a consumer.
 */
export async function mayRestart(error: Error, options: RestartRuleOptions): Promise<boolean> {
  const { restartOnFailure, groupId, logger, mayAuthenticateAgain } = options
  const retriable =
    error.name === 'KafkaJSNumberOfRetriesExceeded' ||
    rootOf(error).retriable === true ||
    (mayAuthenticateAgain && isOfAuthentication(error))
  if (!retriable || !restartOnFailure) return retriable
  try {
    return await restartOnFailure(error)
  } catch (failure) {
    logger.error('Caught error when invoking user-provided "restartOnFailure" callback. Defaulting to restarting.', {
      error: toError(failure).message,
      cause: error.message || error,
      groupId,
    })
    return true
  }
}

/** True for an error that is, or is caused by, the lack of a credential that the service takes. */
export function isOfAuthentication(error: Error): boolean {
  for (let at: unknown = error; at instanceof KafkaJSError; at = at.cause) {
    if (at.name === 'KafkaJSSASLAuthenticationError') return true
  }
  return false
}

/** The error at the bottom of the causes. */
function rootOf(error: Error): { retriable?: boolean } {
  let root: unknown = error
  while (root instanceof KafkaJSError && root.cause) root = root.cause
  return root as { retriable?: boolean }
}
