import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCertificate } from '../../support/certificate.js'

/**
 * A local stand-in for Azure Resource Manager: event hubs and consumer groups of one namespace, in the shapes of the REST
 * reference, version 2024-01-01 (learn.microsoft.com/rest/api/eventhub/controlplane). Requests that Azure would not take are
 * refused, so that a client which sends them fails its tests.
 */
export interface ArmServer extends AsyncDisposable {
  readonly endpoint: string
  /** The certificate to trust. */
  readonly ca: string
  /** The properties of an event hub, as stored. */
  eventHub(name: string): Record<string, unknown> | undefined
  /** Puts an event hub there. */
  put(name: string, properties: Record<string, unknown>): void
  /** Answers the next requests with these instead. */
  fail(...answers: { status: number; code: string; message: string; headers?: Record<string, string> }[]): void
  /** Takes this token from now on, and no other. */
  accept(token: string): void
  /** `METHOD name` of each request. */
  readonly requests: string[]
}

export const TOKEN = 'the-token'
export const SCOPE = {
  subscriptionId: '11111111-2222-3333-4444-555555555555',
  resourceGroupName: 'my-group',
  namespaceName: 'my-namespace',
}

const PAGE_SIZE = 2
const WRITABLE = {
  partitionCount: 'number',
  messageRetentionInDays: 'number',
  status: 'string',
  userMetadata: 'string',
  captureDescription: 'object',
  retentionDescription: 'object',
} as const
const RETENTION = { cleanupPolicy: 'string', retentionTimeInHours: 'number', tombstoneRetentionTimeInHours: 'number' }

class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export async function startArmServer(): Promise<ArmServer> {
  const { cert, key } = createCertificate()
  const eventHubs = new Map<string, { properties: Record<string, unknown>; consumerGroups: Set<string> }>()
  const requests: string[] = []
  const failures: Parameters<ArmServer['fail']> = []
  let origin = ''
  let accepted = TOKEN

  const namespacePath = `/subscriptions/${SCOPE.subscriptionId}/resourceGroups/${SCOPE.resourceGroupName}/providers/Microsoft.EventHub/namespaces/${SCOPE.namespaceName}`

  const resource = (name: string, properties: object) => ({
    id: `${namespacePath}/eventhubs/${name}`,
    name,
    type: 'Microsoft.EventHub/namespaces/eventhubs',
    location: 'West Europe',
    properties,
  })

  const page = (url: URL, items: object[]) => {
    const skip = Number(url.searchParams.get('$skip') ?? 0)
    const next = new URL(url.pathname + url.search, origin)
    next.searchParams.set('$skip', String(skip + PAGE_SIZE))
    const hasMore = skip + PAGE_SIZE < items.length
    return { value: items.slice(skip, skip + PAGE_SIZE), ...(hasMore && { nextLink: next.href }) }
  }

  const handle = (method: string, url: URL, body: string): { status: number; body?: object } => {
    if (url.searchParams.get('api-version') !== '2024-01-01') {
      throw new Refusal(
        400,
        'InvalidApiVersionParameter',
        `The api-version '${url.searchParams.get('api-version')}' is invalid.`,
      )
    }
    const group = /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\//.exec(url.pathname)?.[1]
    if (group !== SCOPE.resourceGroupName) {
      throw new Refusal(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`)
    }
    if (!url.pathname.startsWith(`${namespacePath}/eventhubs`)) {
      throw new Refusal(
        404,
        'ParentResourceNotFound',
        "Failed to perform 'read' on resource(s) of type 'namespaces/eventhubs', because the parent resource could not be found.",
      )
    }
    const [name, list, consumerGroup, ...rest] = url.pathname
      .slice(`${namespacePath}/eventhubs`.length)
      .split('/')
      .slice(1)
      .map(decodeURIComponent)
    requests.push(`${method} ${[name, list, consumerGroup].filter(Boolean).join('/')}`)
    if (rest.length > 0 || (list !== undefined && list !== 'consumergroups'))
      throw new Refusal(404, 'NotFound', 'No such path')
    if (name === undefined) {
      if (method !== 'GET') throw new Refusal(405, 'MethodNotAllowed', method)
      return {
        status: 200,
        body: page(
          url,
          [...eventHubs].map(([hub, { properties }]) => resource(hub, properties)),
        ),
      }
    }
    const existing = eventHubs.get(name)
    if (list !== undefined) {
      if (!existing) throw new Refusal(404, 'NotFound', `The requested resource ${name} does not exist.`)
      if (consumerGroup === undefined) {
        return {
          status: 200,
          body: page(
            url,
            [...existing.consumerGroups].map((item) => ({ name: item, properties: {} })),
          ),
        }
      }
      if (method !== 'PUT') throw new Refusal(405, 'MethodNotAllowed', method)
      parse(body, { userMetadata: 'string' })
      existing.consumerGroups.add(consumerGroup)
      return { status: 200, body: { name: consumerGroup, properties: {} } }
    }
    switch (method) {
      case 'GET':
        if (!existing) throw new Refusal(404, 'NotFound', `The requested resource ${name} does not exist.`)
        return { status: 200, body: resource(name, existing.properties) }
      case 'DELETE':
        eventHubs.delete(name)
        return { status: existing ? 200 : 204 }
      case 'PUT': {
        const properties = complete(parse(body, WRITABLE), existing?.properties)
        eventHubs.set(name, { properties, consumerGroups: existing?.consumerGroups ?? new Set(['$Default']) })
        return { status: 200, body: resource(name, properties) }
      }
      default:
        throw new Refusal(405, 'MethodNotAllowed', method)
    }
  }

  const server: Server = createServer({ cert, key }, async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const send = (status: number, content?: object, headers: Record<string, string> = {}) => {
      response.writeHead(status, { ...(content && { 'Content-Type': 'application/json; charset=utf-8' }), ...headers })
      response.end(content && JSON.stringify(content))
    }
    const failure = failures.shift()
    if (failure) {
      requests.push('failed')
      return send(failure.status, { error: { code: failure.code, message: failure.message } }, failure.headers)
    }
    try {
      if (request.headers.authorization !== `Bearer ${accepted}`) {
        throw new Refusal(401, 'AuthenticationFailed', 'Authentication failed.')
      }
      if (body && !/^application\/json/.test(request.headers['content-type'] ?? '')) {
        throw new Refusal(
          415,
          'UnsupportedMediaType',
          "The content media type is not supported. Only 'application/json' is.",
        )
      }
      const answer = handle(request.method ?? '', new URL(request.url ?? '', origin), body)
      send(answer.status, answer.body)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      send(error.status, { error: { code: error.code, message: error.message } })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `https://localhost:${(server.address() as AddressInfo).port}`

  return {
    endpoint: origin,
    ca: cert,
    eventHub: (name) => eventHubs.get(name)?.properties,
    put(name, properties) {
      eventHubs.set(name, { properties, consumerGroups: new Set(['$Default']) })
    },
    fail: (...answers) => void failures.push(...answers),
    accept(token) {
      accepted = token
    },
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The properties of a body; read-only and unknown ones are refused, of which the generated client knows none. */
function parse(body: string, known: Record<string, string>): Record<string, unknown> {
  const document = JSON.parse(body) as Record<string, unknown>
  const { properties = {}, ...others } = document
  const surplus = Object.keys(others).filter((key) => !['location', 'name', 'id', 'type'].includes(key))
  if (surplus.length > 0) throw new Refusal(400, 'InvalidRequestContent', `Could not find member '${surplus[0]}'.`)
  checkMembers(properties as Record<string, unknown>, known)
  const { retentionDescription } = properties as { retentionDescription?: Record<string, unknown> }
  if (retentionDescription) checkMembers(retentionDescription, RETENTION)
  return properties as Record<string, unknown>
}

function checkMembers(value: Record<string, unknown>, known: Record<string, string>): void {
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== known[name]) {
      throw new Refusal(400, 'InvalidRequestContent', `Could not find member '${name}' of that type.`)
    }
  }
}

/** What the service makes of it: defaults, and a retention that is told in two ways. */
function complete(
  given: Record<string, unknown>,
  before: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const {
    partitionCount = 4,
    retentionDescription,
    messageRetentionInDays,
  } = given as {
    partitionCount?: number
    retentionDescription?: { cleanupPolicy?: string; retentionTimeInHours?: number }
    messageRetentionInDays?: number
  }
  if (before && partitionCount < (before['partitionCount'] as number)) {
    throw new Refusal(400, 'BadRequest', 'The partition count of an event hub cannot be decreased.')
  }
  if (retentionDescription && !retentionDescription.cleanupPolicy) {
    throw new Refusal(400, 'BadRequest', 'The cleanupPolicy of retentionDescription is missing.')
  }
  const hours = retentionDescription?.retentionTimeInHours ?? (messageRetentionInDays ?? 7) * 24
  if (
    messageRetentionInDays !== undefined &&
    retentionDescription &&
    messageRetentionInDays !== Math.ceil(hours / 24)
  ) {
    throw new Refusal(400, 'BadRequest', 'messageRetentionInDays and retentionTimeInHours contradict each other.')
  }
  return {
    ...given,
    status: 'Active',
    partitionCount,
    messageRetentionInDays: Math.ceil(hours / 24),
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: hours, ...retentionDescription },
    partitionIds: Array.from({ length: partitionCount }, (_, index) => String(index)),
    createdAt: '2026-01-02T03:04:05.678Z',
    updatedAt: '2026-01-02T03:04:05.678Z',
  }
}
