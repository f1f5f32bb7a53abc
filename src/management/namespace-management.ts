import {
  type AtomEntry,
  fromAtom,
  fromErrorBody,
  fromEventHubEntry,
  toConsumerGroupEntry,
  toEventHubEntry,
  type XmlNode,
} from './atom.js'
import { isPassingConflict, managementFailure } from './errors.js'
import type { EventHubDescription, EventHubSettings, Management } from './management.js'
import type { NamespaceHttp, NamespaceRequest, NamespaceResponse } from './namespace-http.js'
import { refuseNamespaceSettings } from './topic-settings.js'

/** Entities asked for at once: the most the service gives. */
const PAGE_SIZE = 100

const HOURS_PER_DAY = 24

/** Without it a PUT creates and fails when the entity is there; with it, it updates. */
const UPDATE = { 'If-Match': '*' }

/** The subject of a request, for error messages and their `topic`. */
interface Subject {
  readonly operation: string
  readonly topic?: string
}

/**
 * Management over the namespace's own HTTPS API (Atom XML). It knows partition counts and whole days of retention;
 * compaction and timestamps are Resource Manager's.
 */
export function createNamespaceManagement(http: NamespaceHttp): Management {
  const send = async (request: NamespaceRequest, subject: Subject): Promise<NamespaceResponse> => {
    try {
      return await http.send(request)
    } catch (cause) {
      throw managementFailure({ ...subject, cause, retries: http.retries })
    }
  }

  const failure = async ({ status, body }: NamespaceResponse, subject: Subject): Promise<Error> =>
    managementFailure({ ...subject, status, detail: fromErrorBody(body), retries: http.retries })

  const entriesOf = async ({ body }: NamespaceResponse, subject: Subject): Promise<AtomEntry[]> => {
    try {
      return fromAtom(body)
    } catch (cause) {
      throw managementFailure({ ...subject, cause })
    }
  }

  const request = async (request: NamespaceRequest, subject: Subject): Promise<AtomEntry[]> => {
    const response = await send(request, subject)
    if (!isSuccess(response)) throw await failure(response, subject)
    return request.method === 'DELETE' ? [] : await entriesOf(response, subject)
  }

  /** Undefined when there is none: the service says so with 404, or with 200 and a feed without it. */
  const getEntry = async (name: string): Promise<AtomEntry | undefined> => {
    const subject = { operation: 'Get the event hub', topic: name }
    const response = await send({ method: 'GET', path: [name] }, subject)
    if (response.status === 404) return undefined
    if (!isSuccess(response)) throw await failure(response, subject)
    const entries = await entriesOf(response, subject)
    return entries.find((entry) => 'PartitionCount' in entry.description)
  }

  const list = async (path: readonly string[], subject: Subject): Promise<AtomEntry[]> => {
    const byName = new Map<string, AtomEntry>()
    for (let skip = 0; ; skip += PAGE_SIZE) {
      const page = await request({ method: 'GET', path, query: { $skip: skip, $top: PAGE_SIZE } }, subject)
      const known = byName.size
      for (const entry of page) byName.set(entry.name, entry)
      // An API version that ignores paging answers with everything each time.
      if (page.length < PAGE_SIZE || byName.size === known) return [...byName.values()]
    }
  }

  const put = async (
    name: string,
    properties: Parameters<typeof toEventHubEntry>[0],
    subject: Subject,
    headers?: Record<string, string>,
  ): Promise<EventHubDescription> => {
    const [entry] = await request(
      { method: 'PUT', path: [name], body: toEventHubEntry(properties), ...(headers && { headers }) },
      subject,
    )
    return fromEventHubEntry({ name, description: entry?.description ?? {} })
  }

  return {
    kind: 'atom',

    async listEventHubs() {
      const entries = await list(['$Resources', 'EventHubs'], { operation: 'List the event hubs' })
      return entries.map(fromEventHubEntry)
    },

    async getEventHub(name) {
      const entry = await getEntry(name)
      return entry && fromEventHubEntry({ ...entry, name: entry.name || name })
    },

    async createEventHub(name, settings) {
      refuseNamespaceSettings(name, settings)
      return await put(name, writable(settings), { operation: 'Create the event hub', topic: name })
    },

    async updateEventHub(name, settings) {
      refuseNamespaceSettings(name, settings)
      const subject = { operation: 'Update the event hub', topic: name }
      const current = await getEntry(name)
      if (!current) throw managementFailure({ ...subject, status: 404, detail: 'There is no event hub of that name' })
      // The service takes the whole description: what is left out would be lost, access rules among it.
      return await put(name, { ...current.description, ...writable(settings) }, subject, UPDATE)
    },

    async deleteEventHub(name) {
      await request({ method: 'DELETE', path: [name] }, { operation: 'Delete the event hub', topic: name })
    },

    async listConsumerGroups(eventHubName) {
      const subject = { operation: 'List the consumer groups', topic: eventHubName }
      const entries = await list([eventHubName, 'consumergroups'], subject)
      return entries.map(({ name }) => name)
    },

    async createConsumerGroup(eventHubName, consumerGroup) {
      const subject = { operation: `Create the consumer group "${consumerGroup}"`, topic: eventHubName }
      const path = [eventHubName, 'consumergroups', consumerGroup]
      const response = await send({ method: 'PUT', path, body: toConsumerGroupEntry() }, subject)
      const exists = response.status === 409 && !isPassingConflict(409, response.body)
      if (!isSuccess(response) && !exists) throw await failure(response, subject)
    },

    async close() {
      http.close()
    },
  }
}

function isSuccess({ status }: NamespaceResponse): boolean {
  return status >= 200 && status < 300
}

function writable(settings: EventHubSettings): { MessageRetentionInDays?: XmlNode; PartitionCount?: XmlNode } {
  return {
    ...(settings.retentionHours !== undefined && {
      MessageRetentionInDays: String(settings.retentionHours / HOURS_PER_DAY),
    }),
    ...(settings.partitionCount !== undefined && { PartitionCount: String(settings.partitionCount) }),
  }
}
