import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasStore } from '../clients.js'
import { planReset, type ResetTarget } from '../group-reset.js'
import { readTopics, type Start } from '../reading.js'
import { describeTopic } from '../topic-report.js'
import type { Cluster } from './cluster.js'
import type { EmulatorFaults } from './emulator-faults.js'
import { type Guard, Refusal } from './guard.js'
import type { LagHistory } from './lag-history.js'
import { type ShownMessage, toShownMessage } from './messages.js'
import { tail } from './tail.js'

export interface ApiOptions {
  readonly cluster: Cluster
  readonly lags: LagHistory
  readonly guard: Guard
  readonly namespace: string
  readonly version: string
  readonly isReadOnly: boolean
  readonly faults: EmulatorFaults
  /** True for an emulator that the console has started itself: nobody else's, so that faults are no change to ask about. */
  readonly isOwnEmulator: boolean
  readonly limits?: Partial<RequestLimits> | undefined
  readonly signal: AbortSignal
}

/** The most that one request may cost. */
export interface RequestLimits {
  /** Messages that a search by key looks through. */
  readonly mostScanned: number
  /** The longest time of a search, ms. */
  readonly searchMs: number
}

type Body = Record<string, unknown>

interface Call {
  readonly params: readonly string[]
  readonly query: URLSearchParams
  readonly body: Body
  readonly response: ServerResponse
}

/** The answer to a call as JSON; undefined: it has answered itself. */
type Handler = (call: Call) => Promise<unknown>

const MOST_MESSAGES = 500
export const requestLimits: RequestLimits = { mostScanned: 100_000, searchMs: 20_000 }
const MOST_BODY_BYTES = 2 * 1024 * 1024

/** The calls of the page, by method and path. */
export function createApi(
  options: ApiOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<unknown> {
  const { cluster, lags, guard, faults } = options
  const admin = () => cluster.admin()
  const provoke: Handler = ({ params: [name = ''], body }) => faults.provoke(name, body)
  const writable = (handler: Handler): Handler => {
    return async (call) => {
      if (options.isReadOnly) throw new Refusal(403, 'The console is read-only: start it with --no-read-only')
      return await handler(call)
    }
  }
  const routes: [method: string, path: RegExp, handler: Handler][] = [
    ['GET', /^\/api\/info$/, () => infoOf(options)],
    ['GET', /^\/api\/topics$/, async () => (await (await admin()).listTopics()).sort()],
    ['GET', /^\/api\/topics\/([^/]+)$/, async ({ params: [topic = ''] }) => describeTopic(await admin(), topic)],
    ['GET', /^\/api\/topics\/([^/]+)\/messages$/, (call) => findMessages(options, call)],
    [
      'GET',
      /^\/api\/topics\/([^/]+)\/tail$/,
      async ({ params: [topic = ''], response, query }) => {
        const partitions = partitionsOf(query)
        await tail(cluster.connection, response, { topic, signal: options.signal, ...(partitions && { partitions }) })
      },
    ],
    ['POST', /^\/api\/topics\/([^/]+)\/messages$/, writable((call) => produce(cluster, call))],
    ['GET', /^\/api\/groups$/, () => listGroups(cluster)],
    ['GET', /^\/api\/groups\/([^/]+)$/, ({ params: [group = ''] }) => lags.look(group)],
    ['POST', /^\/api\/groups\/([^/]+)\/plan$/, (call) => planOf(cluster, call)],
    ['POST', /^\/api\/groups\/([^/]+)\/reset$/, writable((call) => reset(cluster, call))],
    ['POST', /^\/api\/faults\/([a-z-]+)$/, options.isOwnEmulator ? provoke : writable(provoke)],
  ]
  return async (request, response) => {
    guard.check(request)
    const url = new URL(request.url ?? '/', 'http://console')
    for (const [method, path, handler] of routes) {
      const match = path.exec(url.pathname)
      if (!match || method !== request.method) continue
      const params = match.slice(1).map((part) => decodeURIComponent(part))
      const body = method === 'POST' ? await readBody(request) : {}
      return await handler({ params, query: url.searchParams, body, response })
    }
    throw new Refusal(404, 'There is no such call')
  }
}

async function infoOf(options: ApiOptions) {
  const { cluster, guard, namespace, version, isReadOnly, isOwnEmulator } = options
  return {
    namespace,
    version,
    isReadOnly,
    hasStore: hasStore(cluster.connection),
    faults: await options.faults.list(),
    isOwnEmulator,
    csrfToken: guard.csrfToken,
  }
}

async function listGroups(cluster: Cluster) {
  const admin = await cluster.admin()
  const ids = (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort()
  const { groups } = await admin.describeGroups(ids)
  return groups.map(({ groupId, state, members }) => ({ group: groupId, state, members: members.length }))
}

/**
 * Looks in every partition, so that one does not hide the others, and gives the first of what it found or, of the
 * newest, the last, newest first. A search by key goes through all there is, up to a limit.
 */
async function findMessages(options: ApiOptions, { params: [topic = ''], query }: Call) {
  const { cluster, signal } = options
  const { mostScanned, searchMs } = { ...requestLimits, ...options.limits }
  const limit = Math.min(Number(query.get('limit')) || 100, MOST_MESSAGES)
  const key = query.get('key')
  const partitions = partitionsOf(query)
  const found: ShownMessage[] = []
  let scanned = 0
  let isCut = false
  const deadline = AbortSignal.timeout(searchMs)
  await readTopics({
    config: cluster.connection.config,
    topics: [topic],
    ...(partitions && { partitions }),
    start: startOf(query),
    untilEnd: true,
    ...(key === null && { mostPerPartition: limit }),
    signal: AbortSignal.any([signal, deadline]),
    onMessage(consumed) {
      // One more shows that there is more.
      isCut = scanned === mostScanned
      if (isCut) return false
      scanned++
      if (key === null || String(consumed.message.key ?? '') === key) found.push(toShownMessage(consumed))
      return key === null || found.length < limit
    },
  })
  found.sort((a, b) => a.timestamp - b.timestamp || a.partition - b.partition || Number(a.offset) - Number(b.offset))
  const messages = query.get('from') === 'newest' ? found.slice(-limit).reverse() : found.slice(0, limit)
  return { messages, scanned, isComplete: found.length < limit && !isCut && !deadline.aborted }
}

function startOf(query: URLSearchParams): Start {
  const value = query.get('value') ?? ''
  switch (query.get('from')) {
    case 'offset':
      return { at: 'offset', offset: bigintOf(value, 'offset') }
    case 'newest':
      return { at: 'offset', offset: -bigintOf(value, 'number of messages') }
    case 'time': {
      const timestamp = Number(value)
      if (!Number.isFinite(timestamp) || value === '') throw new Refusal(400, 'time must be milliseconds since 1970')
      return { at: 'time', timestamp }
    }
    default:
      return { at: 'beginning' }
  }
}

function bigintOf(text: string, name: string): bigint {
  if (!/^\d{1,19}$/.test(text)) throw new Refusal(400, `${name} must be a whole number`)
  return BigInt(text)
}

function partitionsOf(query: URLSearchParams): number[] | undefined {
  const text = query.get('partition')
  return text === null || text === '' ? undefined : text.split(',').map((part) => Number(bigintOf(part, 'partition')))
}

async function produce(cluster: Cluster, { params: [topic = ''], body }: Call) {
  const { key, value, partition, headers } = body
  if (typeof value !== 'string' && value !== null) throw new Refusal(400, 'value must be text')
  await cluster.send(topic, {
    value,
    ...(typeof key === 'string' && { key }),
    ...(typeof partition === 'number' && { partition }),
    ...(typeof headers === 'object' && headers !== null && { headers: headers as Record<string, string> }),
  })
  return { sent: 1 }
}

async function planOf(cluster: Cluster, { params: [groupId = ''], body }: Call) {
  const { topic } = body
  if (typeof topic !== 'string') throw new Refusal(400, 'topic must be named')
  return await planReset(await cluster.admin(), {
    groupId,
    topics: [topic],
    partitions: undefined,
    target: targetOf(body),
  })
}

async function reset(cluster: Cluster, call: Call) {
  const changes = await planOf(cluster, call)
  const [groupId = ''] = call.params
  const topic = String(call.body['topic'])
  const partitions = changes.map(({ partition, to }) => ({ partition, offset: to }))
  await (await cluster.admin()).setOffsets({ groupId, topic, partitions })
  return changes
}

function targetOf({ to, value }: Body): ResetTarget {
  if (to === 'earliest' || to === 'latest') return { to }
  if (to === 'offset') return { to, offset: bigintOf(String(value), 'offset') }
  if (to === 'time' && Number.isFinite(Number(value))) return { to, timestamp: Number(value) }
  throw new Refusal(400, 'to must be earliest, latest, offset or time')
}

async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    // The rest is read for the sake of the answer: to leave here would end the connection.
    if (size <= MOST_BODY_BYTES) chunks.push(chunk as Buffer)
  }
  if (size > MOST_BODY_BYTES) throw new Refusal(413, 'The request is too large')
  try {
    return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body
  } catch (error) {
    throw new Refusal(400, `The request is no JSON: ${(error as Error).message}`)
  }
}
