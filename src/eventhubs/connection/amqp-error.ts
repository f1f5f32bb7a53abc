import { translate } from '@azure/core-amqp'
import { errorRowOf } from '../../translate/error.js'
import { tokenRevoked } from '../../translate/error-row.js'

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

/**
 * The error of a link that had been open. One about the token is told as such: what was taken is taken no more, and
 * whether there is another shows when a link is opened again.
 */
export function toEndOfOpenLink<E extends Error & { code?: unknown }>(error: E): E {
  if (errorRowOf(error)?.becomes.kind === 'authentication') error.code = tokenRevoked
  return error
}
