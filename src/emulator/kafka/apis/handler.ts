import type { RequestContext } from '../context.js'
import type { Api } from '../protocol/api.js'
import type { Fields, Read, Write } from '../protocol/schema.js'

/** A request that is not answered: a Produce that asks for no acknowledgement, or a fault. */
export const NO_ANSWER: unique symbol = Symbol('no answer')

type Answer<T> = T | typeof NO_ANSWER

/** An API and what is done about its requests. */
export interface Handler {
  readonly api: Api
  handle(
    context: RequestContext,
    request: Readonly<Record<string, unknown>>,
  ): Answer<Readonly<Record<string, unknown>>> | Promise<Answer<Readonly<Record<string, unknown>>>>
}

/** Ties a handler to the fields of its API; below this line nobody knows more of them than the tables. */
export function handler<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  handle: (context: RequestContext, request: Read<Q>) => Answer<Write<S>> | Promise<Answer<Write<S>>>,
): Handler {
  return { api: api as unknown as Api, handle: handle as unknown as Handler['handle'] }
}
