import { translate } from '@azure/core-amqp'

type Reason = Parameters<typeof translate>[0]

/**
 * The reason the other side gives, as an error that says whether trying again may help; with the AMQP condition for
 * its code where `@azure/core-amqp` has no name for that.
 */
export function toAmqpError(reason: Reason): Error {
  const error: Error & { code?: string } = translate(reason)
  const { condition } = reason as { condition?: unknown }
  if (error.code === undefined && typeof condition === 'string') error.code = condition
  return error
}
