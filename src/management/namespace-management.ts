import { type AtomEntry, fromEventHubEntry, toConsumerGroupEntry, toEventHubEntry, type XmlNode } from './atom.js'
import { isPassingConflict, managementFailure } from './errors.js'
import type { EventHubDescription, EventHubSettings, Management } from './management.js'
import type { NamespaceHttp, NamespaceResponse } from './namespace-http.js'
import { createNamespaceRequests, type Subject } from './namespace-requests.js'
import { refuseNamespaceSettings } from './topic-settings.js'

const HOURS_PER_DAY = 24

/** Without it a PUT creates and fails when the entity is there; with it, it updates. */
const UPDATE = { 'If-Match': '*' }

/**
 * Management over the namespace's own HTTPS API (Atom XML). It knows partition counts and whole days of retention;
 * compaction and timestamps are Resource Manager's.
 */
export function createNamespaceManagement(http: NamespaceHttp): Management {
  const { exchange, entriesOf, request, list } = createNamespaceRequests(http)

  /** Undefined when there is none: the service says so with 404, or with 200 and a feed without it. */
  const getEntry = async (name: string): Promise<AtomEntry | undefined> => {
    const subject = { operation: 'Get the event hub', topic: name }
    const response = await exchange({ method: 'GET', path: [name] }, subject, ({ status }) => status === 404)
    if (response.status === 404) return undefined
    return entriesOf(response, subject).find((entry) => 'PartitionCount' in entry.description)
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
      const exists = ({ status, body }: NamespaceResponse) => status === 409 && !isPassingConflict(409, body)
      await exchange({ method: 'PUT', path, body: toConsumerGroupEntry() }, subject, exists)
    },

    async close() {
      http.close()
    },
  }
}

function writable(settings: EventHubSettings): { MessageRetentionInDays?: XmlNode; PartitionCount?: XmlNode } {
  return {
    ...(settings.retentionHours !== undefined && {
      MessageRetentionInDays: String(settings.retentionHours / HOURS_PER_DAY),
    }),
    ...(settings.partitionCount !== undefined && { PartitionCount: String(settings.partitionCount) }),
  }
}
