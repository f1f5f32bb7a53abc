import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { BlockList } from 'node:net'
import type { Authorizer } from '../authorization.js'
import { NamespaceError } from '../model/errors.js'
import type { FaultTarget, NamedFaults } from '../named-faults.js'
import { readBody } from './body.js'
import { badRequest, HttpError, methodNotAllowed, toHttpError } from './refusals.js'

/**
 * The faults of the emulator over HTTP, in JSON: `GET /$faults` lists them, `POST /$faults/<name>` provokes one. No event
 * hub has such a name, and the service has nothing of the kind.
 */

const ROOT = '/$faults'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** What faults over HTTP work on. */
export interface FaultsHandlerOptions {
  readonly faults: NamedFaults
  readonly authorizer: Authorizer
  /** Host and port as clients write them; stands in the texts of refusals. */
  readonly host: string
  /** A mistake of the emulator itself. */
  report(error: unknown): void
}

/** Takes requests for faults; every other one goes on to `next`. */
export function createFaultsHandler(options: FaultsHandlerOptions, next: RequestListener): RequestListener {
  const handle = async (request: IncomingMessage, response: ServerResponse, name: string | undefined) => {
    try {
      send(response, 200, await answer(options, request, name))
    } catch (error) {
      const { status, message } = refusalOf(error, options)
      send(response, status, { error: message })
    }
  }
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path === ROOT) void handle(request, response, undefined)
    else if (path.startsWith(`${ROOT}/`)) void handle(request, response, path.slice(ROOT.length + 1))
    else next(request, response)
  }
}

async function answer(
  { faults, authorizer }: FaultsHandlerOptions,
  request: IncomingMessage,
  name: string | undefined,
): Promise<object> {
  const body = await readBody(request)
  if (!isFromHere(request)) throw new HttpError(403, 'Faults are for programs on the machine of the emulator.')
  await authorizer.authorize(request.headers.authorization, '', 'Manage')
  if (request.method !== (name === undefined ? 'GET' : 'POST')) throw methodNotAllowed(request.method ?? '')
  if (name === undefined) return { faults: faults.list }
  return { done: await faults.provoke(name, targetOf(body)) }
}

/** No page of a browser has business here: one that reaches the port by a name of its own is told by its origin. */
function isFromHere({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket
  if (headers.origin !== undefined) return false
  return loopback.check(remoteAddress, remoteAddress.includes(':') ? 'ipv6' : 'ipv4')
}

/** `{"hub": "orders", "partition": 0}`, either left out, and nothing else. */
function targetOf(body: string): FaultTarget {
  let value: unknown
  try {
    value = JSON.parse(body || '{}')
  } catch {
    throw badRequest('The body is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest('The body is no object.')
  const { hub, partition, ...rest } = value as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw badRequest(`There is no '${unknown.slice(0, 100)}': name hub and partition.`)
  if (hub !== undefined && (typeof hub !== 'string' || hub === '')) throw badRequest('hub must be a name.')
  if (partition !== undefined && !(Number.isSafeInteger(partition) && (partition as number) >= 0)) {
    throw badRequest('partition must be a number.')
  }
  return { ...(hub !== undefined && { hub }), ...(partition !== undefined && { partition: partition as number }) }
}

function refusalOf(error: unknown, { host, report }: FaultsHandlerOptions): { status: number; message: string } {
  if (error instanceof NamespaceError)
    return { status: error.reason === 'not-found' ? 404 : 400, message: error.message }
  const known = toHttpError(error, host)
  if (known) return known
  report(error)
  return { status: 500, message: 'The emulator was unable to process the request.' }
}

function send(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
