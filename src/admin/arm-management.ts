import type { Agent } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import type { TokenCredential } from '@azure/core-auth'
import { isRestError, type TlsSettings } from '@azure/core-rest-pipeline'
import { KafkaJSNonRetriableError } from '../errors.js'
import type { RetrySettings } from '../util/retry.js'
import { viaProxy } from './http-proxy.js'
import type { EventHubDescription, EventHubSettings, Management } from './management.js'
import { managementFailure, withoutRequest } from './management-error.js'
import { invalidConfig } from './topic-settings.js'

/** An event hub as Azure Resource Manager has it: what this library reads and writes of it. */
export interface ArmEventHub {
  name?: string
  readonly partitionIds?: readonly string[]
  readonly createdAt?: Date
  partitionCount?: number
  status?: string
  messageRetentionInDays?: number
  retentionDescription?: ArmRetention
  messageTimestampDescription?: { timestampType?: string }
}

export interface ArmRetention {
  cleanupPolicy?: string
  /** -1 is for ever; a compacted event hub tells the largest 64-bit number. */
  retentionTimeInHours?: number
  tombstoneRetentionTimeInHours?: number
  minCompactionLagTimeInMinutes?: number
}

/** The subset of `EventHubManagementClient` this library needs; versions 5 and 6 of `@azure/arm-eventhub` have it. */
export interface ArmClient {
  readonly eventHubs: {
    createOrUpdate(group: string, namespace: string, name: string, parameters: ArmEventHub): Promise<ArmEventHub>
    get(group: string, namespace: string, name: string): Promise<ArmEventHub>
    delete(group: string, namespace: string, name: string): Promise<unknown>
    listByNamespace(group: string, namespace: string): AsyncIterable<ArmEventHub>
  }
  readonly consumerGroups: {
    createOrUpdate(
      group: string,
      namespace: string,
      name: string,
      consumerGroup: string,
      parameters: object,
    ): Promise<unknown>
    listByEventHub(group: string, namespace: string, name: string): AsyncIterable<{ name?: string }>
  }
}

export interface OpenArmClient {
  readonly client: ArmClient
  /** How often the client tries again before it gives up. */
  readonly retries: number
  /** Whether it can say what became part of the API after 2024-01-01: timestamp types and compaction lags. */
  readonly hasTimestamps: boolean
}

export interface ArmClientOptions {
  readonly subscriptionId: string
  readonly credential: TokenCredential
  readonly endpoint: string | undefined
  readonly retry: RetrySettings
  /** Certificates to trust besides the system's. */
  readonly tls: ConnectionOptions | undefined
  /** URL of an HTTP proxy, or an agent. Default: what `HTTPS_PROXY` and `NO_PROXY` say. */
  readonly proxy: string | Agent | undefined
}

export interface ArmManagementOptions {
  readonly client: OpenArmClient
  readonly resourceGroupName: string
  readonly namespaceName: string
}

const HOURS_PER_DAY = 24

const cleanupPolicies = [
  ['delete', 'Delete'],
  ['compact', 'Compact'],
  ['compact,delete', 'DeleteOrCompact'],
] as const

const timestampTypes = [
  ['LogAppendTime', 'LogAppend'],
  ['CreateTime', 'Create'],
] as const

/** Loads the optional peer `@azure/arm-eventhub`, and opens its client. */
export async function openArmClient(options: ArmClientOptions): Promise<OpenArmClient> {
  const arm = await import('@azure/arm-eventhub').catch((cause: unknown) => {
    throw new KafkaJSNonRetriableError(
      'eventHubs.management with a subscriptionId needs the package @azure/arm-eventhub, which is not there: npm install @azure/arm-eventhub',
      { cause },
    )
  })
  const { subscriptionId, credential, endpoint, retry, tls, proxy } = options
  const client = new arm.EventHubManagementClient(credential, subscriptionId, {
    ...(endpoint !== undefined && { endpoint, credentialScopes: `${endpoint.replace(/\/$/, '')}/.default` }),
    ...(tls && { tlsOptions: tls as TlsSettings }),
    ...viaProxy(proxy),
    retryOptions: {
      maxRetries: retry.retries,
      retryDelayInMs: retry.initialRetryTime,
      maxRetryDelayInMs: retry.maxRetryTime,
    },
  })
  return {
    client: client as unknown as ArmClient,
    retries: retry.retries,
    hasTimestamps: 'KnownTimestampType' in arm,
  }
}

/** Management through Azure Resource Manager: everything an event hub can be told, partition increases included. */
export function createArmManagement({
  client: opened,
  resourceGroupName,
  namespaceName,
}: ArmManagementOptions): Management {
  const { client, retries, hasTimestamps } = opened
  const scope = [resourceGroupName, namespaceName] as const

  const attempt = async <T>(operation: string, topic: string | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw armFailure({ operation, topic, cause, retries, resourceGroupName, namespaceName })
    }
  }

  const get = (name: string): Promise<ArmEventHub | undefined> =>
    attempt('Get the event hub', name, () =>
      client.eventHubs.get(...scope, name).catch((error: unknown) => {
        if (isMissingEventHub(error)) return undefined
        throw error
      }),
    )

  const write = async (operation: string, name: string, eventHub: ArmEventHub): Promise<EventHubDescription> => {
    const written = await attempt(operation, name, () => client.eventHubs.createOrUpdate(...scope, name, eventHub))
    return fromArm({ ...written, name })
  }

  const refuse = (name: string, settings: EventHubSettings) => {
    if (hasTimestamps) return
    const needsNewer = 'needs version 6 of @azure/arm-eventhub: npm install @azure/arm-eventhub@6'
    if (settings.timestampType === 'CreateTime')
      throw invalidConfig(name, `message.timestamp.type=CreateTime ${needsNewer}`)
    if (settings.minCompactionLagMinutes !== undefined) throw invalidConfig(name, `min.compaction.lag.ms ${needsNewer}`)
  }

  return {
    kind: 'arm',

    async listEventHubs() {
      return await attempt('List the event hubs', undefined, async () => {
        const found: EventHubDescription[] = []
        for await (const eventHub of client.eventHubs.listByNamespace(...scope)) found.push(fromArm(eventHub))
        return found
      })
    },

    async getEventHub(name) {
      const eventHub = await get(name)
      return eventHub && fromArm(eventHub)
    },

    async createEventHub(name, settings) {
      refuse(name, settings)
      const operation = 'Create the event hub'
      // A PUT of Resource Manager creates or updates; whoever creates must not change what is there.
      if (await get(name)) throw managementFailure({ operation, topic: name, status: 409 })
      return await write(operation, name, merge({}, toArm(settings)))
    },

    async updateEventHub(name, settings) {
      refuse(name, settings)
      const operation = 'Update the event hub'
      const current = await get(name)
      if (!current) throw managementFailure({ operation, topic: name, status: 404 })
      return await write(operation, name, merge(current, toArm(settings)))
    },

    async deleteEventHub(name) {
      const operation = 'Delete the event hub'
      // Deleting what is not there succeeds with Resource Manager.
      if (!(await get(name))) throw managementFailure({ operation, topic: name, status: 404 })
      await attempt(operation, name, () => client.eventHubs.delete(...scope, name))
    },

    async listConsumerGroups(eventHubName) {
      return await attempt('List the consumer groups', eventHubName, async () => {
        const names: string[] = []
        for await (const { name } of client.consumerGroups.listByEventHub(...scope, eventHubName)) {
          if (name !== undefined) names.push(name)
        }
        return names
      })
    },

    async createConsumerGroup(eventHubName, consumerGroup) {
      await attempt(`Create the consumer group "${consumerGroup}"`, eventHubName, () =>
        client.consumerGroups.createOrUpdate(...scope, eventHubName, consumerGroup, {}),
      )
    },

    async close() {},
  }
}

/** Settings as Resource Manager takes them; what is left out stays out. */
function toArm(settings: EventHubSettings): ArmEventHub {
  const { partitionCount, retentionHours, cleanupPolicy, tombstoneRetentionHours, minCompactionLagMinutes } = settings
  const retention: ArmRetention = {
    ...(cleanupPolicy !== undefined && { cleanupPolicy: translated(cleanupPolicies, cleanupPolicy) }),
    ...(retentionHours !== undefined && { retentionTimeInHours: retentionHours }),
    ...(tombstoneRetentionHours !== undefined && { tombstoneRetentionTimeInHours: tombstoneRetentionHours }),
    ...(minCompactionLagMinutes !== undefined && { minCompactionLagTimeInMinutes: minCompactionLagMinutes }),
  }
  const timestampType = settings.timestampType && translated(timestampTypes, settings.timestampType)
  return {
    ...(partitionCount !== undefined && { partitionCount }),
    ...(Object.keys(retention).length > 0 && { retentionDescription: retention }),
    ...(timestampType !== undefined && { messageTimestampDescription: { timestampType } }),
  }
}

function fromArm(eventHub: ArmEventHub): EventHubDescription {
  const { name = '', partitionIds = [], partitionCount = partitionIds.length, createdAt, status } = eventHub
  const { cleanupPolicy, tombstoneRetentionTimeInHours, minCompactionLagTimeInMinutes } =
    eventHub.retentionDescription ?? {}
  const retentionHours = retentionHoursOf(eventHub)
  const policy = cleanupPolicies.find(([, arm]) => arm === cleanupPolicy)?.[0]
  const timestampType = timestampTypes.find(
    ([, arm]) => arm === eventHub.messageTimestampDescription?.timestampType,
  )?.[0]
  return {
    name,
    partitionCount,
    partitionIds:
      partitionIds.length > 0 ? partitionIds : Array.from({ length: partitionCount }, (_, id) => String(id)),
    ...(createdAt && { createdAt }),
    ...(status !== undefined && { status }),
    ...(retentionHours !== undefined && { retentionHours }),
    ...(policy && { cleanupPolicy: policy }),
    ...(tombstoneRetentionTimeInHours !== undefined && { tombstoneRetentionHours: tombstoneRetentionTimeInHours }),
    ...(minCompactionLagTimeInMinutes !== undefined && { minCompactionLagMinutes: minCompactionLagTimeInMinutes }),
    ...(timestampType && { timestampType }),
  }
}

function retentionHoursOf({ retentionDescription, messageRetentionInDays }: ArmEventHub): number | undefined {
  const hours = retentionDescription?.retentionTimeInHours
  if (hours !== undefined) return hours < 0 || hours > Number.MAX_SAFE_INTEGER ? -1 : hours
  return messageRetentionInDays === undefined ? undefined : messageRetentionInDays * HOURS_PER_DAY
}

/**
 * A PUT replaces the whole event hub, capture and metadata among it: everything that is there goes back. Retention in days
 * stands beside the description that it is made from, and would contradict a changed one.
 */
function merge(current: ArmEventHub, changes: ArmEventHub): ArmEventHub {
  const { messageRetentionInDays, ...kept } = current
  const { retentionDescription } = changes
  if (!retentionDescription) return { ...current, ...changes }
  const before = current.retentionDescription ?? {
    ...(messageRetentionInDays !== undefined && { retentionTimeInHours: messageRetentionInDays * HOURS_PER_DAY }),
  }
  // Retention without a policy is refused.
  return { ...kept, ...changes, retentionDescription: { cleanupPolicy: 'Delete', ...before, ...retentionDescription } }
}

function translated<Kafka extends string>(table: readonly (readonly [Kafka, string])[], value: Kafka): string {
  return table.find(([kafka]) => kafka === value)?.[1] ?? value
}

interface ArmFailure {
  readonly operation: string
  readonly topic: string | undefined
  readonly cause: unknown
  readonly retries: number
  readonly resourceGroupName: string
  readonly namespaceName: string
}

function armFailure({ operation, topic, cause, retries, resourceGroupName, namespaceName }: ArmFailure): Error {
  const subject = { operation, ...(topic !== undefined && { topic }), cause, retries }
  if (!isRestError(cause) || cause.statusCode === undefined) return managementFailure(subject)
  if (cause.statusCode === 404 && !isMissingEventHub(cause)) {
    return new KafkaJSNonRetriableError(
      `${operation}: Azure Resource Manager finds no namespace "${namespaceName}" in resource group "${resourceGroupName}"; check eventHubs.management (${cause.message})`,
      { cause: withoutRequest(cause) },
    )
  }
  return managementFailure({ ...subject, status: cause.statusCode, detail: cause.message })
}

/** 404 of the event hub itself, not of the namespace, resource group or subscription above it. */
function isMissingEventHub(error: unknown): boolean {
  if (!isRestError(error) || error.statusCode !== 404) return false
  if (/^(?:ResourceGroup|ParentResource|Subscription)NotFound$/.test(error.code ?? '')) return false
  return !/namespaces\/[^/']+' under resource group/i.test(error.message)
}
