import { isRestError } from '@azure/core-rest-pipeline'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { OpenArmClient } from './arm-client.js'
import { type ArmEventHub, fromArm, merge, toArm } from './arm-event-hub.js'
import { managementFailure, withoutRequest } from './errors.js'
import type { EventHubDescription, EventHubSettings, Management } from './management.js'
import { invalidConfig } from './topic-settings.js'

export interface ArmManagementOptions {
  readonly client: OpenArmClient
  readonly resourceGroupName: string
  readonly namespaceName: string
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

    async close() {
      opened.close()
    },
  }
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
