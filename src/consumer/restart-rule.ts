import type { ConsumerSettings } from '../config/settings.js'
import { KafkaJSError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import type { Logger } from '../types/index.js'

/**
 * True where a consumer that has crashed starts again, by kafkajs's rule: when retries were used up or the error at the
 * bottom is retriable, unless `restartOnFailure` says no; it is not asked about other errors, and a failure of its own
 * counts as yes.
 */
export async function mayRestart(
  error: Error,
  { restartOnFailure, groupId, logger }: Pick<ConsumerSettings, 'restartOnFailure' | 'groupId'> & { logger: Logger },
): Promise<boolean> {
  const retriable = error.name === 'KafkaJSNumberOfRetriesExceeded' || rootOf(error).retriable === true
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

/** The error at the bottom of the causes. */
function rootOf(error: Error): { retriable?: boolean } {
  let root: unknown = error
  while (root instanceof KafkaJSError && root.cause) root = root.cause
  return root as { retriable?: boolean }
}
