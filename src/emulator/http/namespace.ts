import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorizer } from '../authorization.js'
import type { Namespace } from '../namespace.js'

export interface NamespaceHandlerOptions {
  readonly namespace: Namespace
  readonly authorizer: Authorizer
}

/** The namespace's management API over HTTP: event hubs and consumer groups as ATOM entries. */
export function createNamespaceHandler(
  _options: NamespaceHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(501).end()
  }
}
