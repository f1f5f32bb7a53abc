import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Authorizer } from '../authorization.js'
import type { Namespace } from '../model/namespace.js'
import { type Entry, fromEntryXml, toEntryXml, toErrorXml, toFeedXml } from './atom-xml.js'
import { readBody } from './body.js'
import { consumerGroupEntry, eventHubEntry, partitionEntry, retentionDays } from './entries.js'
import { badRequest, HttpError, methodNotAllowed, notFound, toHttpError } from './refusals.js'

/**
 * The namespace's own management API over HTTP: Atom XML, as documented under learn.microsoft.com/rest/api/eventhub ("Event
 * Hubs management REST, classic"). Every call needs the Manage claim, by shared access signature or bearer token.
 */

const XML = 'application/xml; charset=utf-8'
const ATOM_ENTRY = 'application/atom+xml;type=entry;charset=utf-8'
const ATOM_FEED = 'application/atom+xml;type=feed;charset=utf-8'

/** The most a page holds; the service pages by 100. Observed: requests of the portal, `$skip=0&$top=100`. */
const PAGE_SIZE = 100

/** "PartitionCount … 16" (Create Event Hub, default), where the emulator has no default of its own. */
const DEFAULT_PARTITION_COUNT = 16

/** Create Event Hub, "Properties". */
const EVENT_HUB_PROPERTIES = [
  'MessageRetentionInDays',
  'AuthorizationRules',
  'Status',
  'UserMetadata',
  'PartitionCount',
]

const CONSUMER_GROUP_PROPERTIES = ['UserMetadata']

/** The parts the API works on. */
export interface NamespaceHandlerOptions {
  readonly namespace: Namespace
  readonly authorizer: Authorizer
  /** Host and port as clients write them; stands in the texts of refusals. */
  readonly host: string
  /** A mistake of the emulator itself. */
  report(error: unknown): void
}

/** One request, taken apart. */
interface Call {
  readonly namespace: Namespace
  /** Host and port as the client wrote them; stands in ids and links. */
  readonly host: string
  readonly method: string
  readonly url: URL
  /** Update rather than create. "If-Match: *" (Update Event Hub). */
  readonly isUpdate: boolean
  readonly body: string
}

interface Answer {
  readonly status: number
  readonly contentType?: string
  readonly body?: string
}

/** A path's entity: `/hub`, `/hub/consumergroups/group`, `/hub/consumergroups/group/partitions/0` or a list of these. */
interface Target {
  readonly eventHub: string
  readonly consumerGroups: boolean
  readonly consumerGroup?: string
  readonly partitions: boolean
  readonly partition?: string
}

/** The namespace's management API over HTTP: event hubs and consumer groups as Atom entries. */
export function createNamespaceHandler(
  options: NamespaceHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const {
      status,
      contentType,
      body = '',
    } = await answer(options, request).catch((error: unknown) => {
      const known = toHttpError(error, options.host)
      if (!known) options.report(error)
      return refusal(known ?? new HttpError(500, 'The service was unable to process the request.'))
    })
    response.writeHead(status, {
      ...(contentType && { 'Content-Type': contentType }),
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  }
  return (request, response) => {
    void handle(request, response)
  }
}

async function answer({ namespace, authorizer }: NamespaceHandlerOptions, request: IncomingMessage): Promise<Answer> {
  const host = request.headers.host ?? 'localhost'
  const url = new URL(request.url ?? '/', `http://${host}`)
  const path = url.pathname.split('/').map(decoded).filter(Boolean)
  const body = await readBody(request)
  await authorizer.authorize(request.headers.authorization, path.join('/'), 'Manage')
  const isUpdate = request.headers['if-match'] !== undefined
  const call: Call = { namespace, host, method: request.method ?? '', url, isUpdate, body }
  if (path.length === 0 && call.method === 'GET') return feed(call, 'Publicly Listed Services', [])
  if (path[0]?.toLowerCase() === '$resources') return listResources(call, path[1])
  const target = targetOf(path)
  if (target.partitions) return partitions(call, target)
  if (target.consumerGroups) return consumerGroups(call, target)
  return eventHubs(call, target)
}

function targetOf(path: readonly string[]): Target {
  // Names of event hubs may contain slashes.
  const at = path.findIndex((segment) => segment.toLowerCase() === 'consumergroups')
  if (at <= 0) return { eventHub: path.join('/'), consumerGroups: false, partitions: false }
  const [consumerGroup, list, partition, ...rest] = path.slice(at + 1)
  const partitions = list?.toLowerCase() === 'partitions'
  if (rest.length > 0 || (list !== undefined && !partitions)) throw notFound(path.join('/'))
  return {
    eventHub: path.slice(0, at).join('/'),
    consumerGroups: true,
    partitions,
    ...(consumerGroup !== undefined && { consumerGroup }),
    ...(partition !== undefined && { partition }),
  }
}

/** "GET https://{servicebusNamespace}.servicebus.windows.net/$Resources/Eventhubs" (List Event Hubs). */
function listResources(call: Call, kind: string | undefined): Answer {
  const { namespace, host } = call
  if (kind?.toLowerCase() !== 'eventhubs') throw notFound(`$Resources/${kind}`)
  if (call.method !== 'GET') throw methodNotAllowed(call.method)
  return feed(
    call,
    'EventHubs',
    namespace.listEventHubs().map((eventHub) => eventHubEntry(eventHub, host)),
  )
}

/** Create, Update, Get and Delete Event Hub: 201, 200, 200, 200. */
function eventHubs(call: Call, { eventHub: name }: Target): Answer {
  const { namespace, host } = call
  const existing = namespace.getEventHub(name)
  switch (call.method) {
    case 'GET':
      if (!existing) throw notFound(name)
      return entry(200, eventHubEntry(existing, host))
    case 'DELETE':
      namespace.deleteEventHub(name)
      return { status: 200 }
    case 'PUT': {
      const properties = parse(call, 'EventHubDescription', EVENT_HUB_PROPERTIES)
      const days = wholeNumber(properties, 'MessageRetentionInDays')
      // What a client read and writes back changes nothing, though it was rounded for it.
      const isKept = days === undefined || (call.isUpdate && existing && days === retentionDays(existing))
      const retention = isKept ? {} : { hours: checkedDays(days) * 24 }
      const partitionCount = wholeNumber(properties, 'PartitionCount')
      const userMetadata = properties.get('UserMetadata')
      if (call.isUpdate) {
        if (partitionCount !== undefined) namespace.setPartitionCount(name, partitionCount)
        const updated = namespace.setRetention(name, retention)
        if (userMetadata !== undefined) updated.userMetadata = userMetadata
        return entry(200, eventHubEntry(updated, host))
      }
      const created = namespace.createEventHub({
        name,
        partitionCount: partitionCount ?? namespace.defaultPartitionCount ?? DEFAULT_PARTITION_COUNT,
        retention,
      })
      created.userMetadata = userMetadata
      return entry(201, eventHubEntry(created, host))
    }
    default:
      throw methodNotAllowed(call.method)
  }
}

/** Create, Get, Delete and List Consumer Group(s): 201, 200, 200, 200. */
function consumerGroups(call: Call, target: Target): Answer {
  const { namespace, host } = call
  const eventHub = namespace.getEventHub(target.eventHub)
  if (!eventHub) throw notFound(target.eventHub)
  const name = target.consumerGroup
  if (name === undefined) {
    if (call.method !== 'GET') throw methodNotAllowed(call.method)
    const groups = namespace.listConsumerGroups(eventHub.name)
    return feed(
      call,
      'ConsumerGroups',
      groups.map((group) => consumerGroupEntry(eventHub, group, host)),
    )
  }
  const existing = eventHub.getConsumerGroup(name)
  switch (call.method) {
    case 'GET':
      if (!existing) throw notFound(`${eventHub.name}/consumergroups/${name}`)
      return entry(200, consumerGroupEntry(eventHub, existing, host))
    case 'DELETE':
      namespace.deleteConsumerGroup(eventHub.name, name)
      return { status: 200 }
    case 'PUT': {
      const userMetadata = parse(call, 'ConsumerGroupDescription', CONSUMER_GROUP_PROPERTIES).get('UserMetadata')
      if (call.isUpdate) {
        if (!existing) throw notFound(`${eventHub.name}/consumergroups/${name}`)
        if (userMetadata !== undefined) existing.userMetadata = userMetadata
        return entry(200, consumerGroupEntry(eventHub, existing, host))
      }
      return entry(
        201,
        consumerGroupEntry(eventHub, namespace.createConsumerGroup(eventHub.name, name, userMetadata), host),
      )
    }
    default:
      throw methodNotAllowed(call.method)
  }
}

/** Get Partition and List Partitions: 200. */
function partitions(call: Call, target: Target): Answer {
  const { namespace, host } = call
  if (call.method !== 'GET') throw methodNotAllowed(call.method)
  const eventHub = namespace.getEventHub(target.eventHub)
  const group = eventHub?.getConsumerGroup(target.consumerGroup ?? '')
  if (!eventHub || !group) throw notFound(`${target.eventHub}/consumergroups/${target.consumerGroup}`)
  if (target.partition === undefined) {
    return feed(
      call,
      'Partitions',
      eventHub.partitions.map((partition) => partitionEntry(eventHub, group, partition, host)),
    )
  }
  const partition = eventHub.partition(target.partition)
  if (!partition) throw notFound(`${eventHub.name}/consumergroups/${group.name}/partitions/${target.partition}`)
  return entry(200, partitionEntry(eventHub, group, partition, host))
}

function entry(status: number, content: Entry): Answer {
  return { status, contentType: ATOM_ENTRY, body: toEntryXml(content) }
}

/** One page of a list, as `$skip` and `$top` ask. */
function feed({ url }: Call, title: string, entries: readonly Entry[]): Answer {
  const skip = queryNumber(url, '$skip') ?? 0
  const top = Math.min(queryNumber(url, '$top') ?? PAGE_SIZE, PAGE_SIZE)
  const page = entries.slice(skip, skip + top)
  return { status: 200, contentType: ATOM_FEED, body: toFeedXml({ id: url.href, title, entries: page }) }
}

function queryNumber(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name)
  if (text === null) return undefined
  if (!/^\d+$/.test(text)) throw badRequest(`The value '${text}' of the query parameter ${name} is not a number.`)
  return Number(text)
}

function parse({ body }: Call, element: string, order: readonly string[]): Map<string, string> {
  const properties = fromEntryXml(body, element, order)
  if (!properties) throw badRequest(`The body must be an Atom entry whose content is a ${element}.`)
  return properties
}

function wholeNumber(properties: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = properties.get(name)?.trim()
  if (text === undefined) return undefined
  if (!/^-?\d+$/.test(text)) throw badRequest(`The value '${text}' of ${name} is not a number.`)
  return Number(text)
}

/** Microsoft, Event Hubs quotas: 90 days at most. */
function checkedDays(days: number): number {
  if (days < 1 || days > 90) throw badRequest(`MessageRetentionInDays must be from 1 to 90, not ${days}.`)
  return days
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`The path segment '${segment}' is not percent-encoded text.`)
  }
}

function refusal({ status, message }: HttpError): Answer {
  return { status, contentType: XML, body: toErrorXml(status, message) }
}
