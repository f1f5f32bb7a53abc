import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventHubDescription, Management } from '../management/management.js'
import { fromEventHubSettings, refuseNamespaceSettings, toEventHubSettings } from '../management/topic-settings.js'
import { ConfigResourceTypes, ConfigSource } from '../types/enums.js'
import type { ConfigEntries, IResourceConfig, ResourceConfigQuery } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'
import { unsupportedCalls } from './unsupported.js'

/** Settings of topics: those that Event Hubs has, under Kafka's names. */
export function createConfigCalls(session: AdminSession): Pick<Admin, 'describeConfigs' | 'alterConfigs'> {
  return {
    async describeConfigs({ resources }) {
      checkResources(resources)
      const invalid = resources.find(({ configNames }) => configNames != null && !Array.isArray(configNames))
      if (invalid) {
        throw new KafkaJSNonRetriableError(
          `Invalid resource configNames ${invalid.configNames}: ${JSON.stringify(invalid)}`,
        )
      }
      refuseBrokers(resources, 'describeBrokerConfigs')
      const management = await session.management('describeConfigs')
      const described = await session.manage('DescribeConfigs', () =>
        mapConcurrently(resources, async (resource) => ({
          configEntries: toConfigEntries(await existing(management, resource.name), resource),
          ...outcomeOf(resource),
        })),
      )
      // kafkajs's types promise a throttleTime that it does not give.
      return { resources: described } as unknown as Awaited<ReturnType<Admin['describeConfigs']>>
    },

    async alterConfigs({ resources, validateOnly = false }) {
      checkResources(resources)
      const invalid = resources.find(({ configEntries }) => !Array.isArray(configEntries))
      if (invalid) {
        throw new KafkaJSNonRetriableError(
          `Invalid resource configEntries ${invalid.configEntries}: ${JSON.stringify(invalid)}`,
        )
      }
      const invalidValue = resources.find(({ configEntries }) =>
        configEntries.some(({ name, value }) => typeof name !== 'string' || typeof value !== 'string'),
      )
      if (invalidValue) {
        throw new KafkaJSNonRetriableError(`Invalid resource config value: ${JSON.stringify(invalidValue)}`)
      }
      refuseBrokers(resources, 'alterBrokerConfigs')
      const management = await session.management('alterConfigs')
      // All are checked before the first is changed.
      const changes = resources.map((resource) => {
        const settings = toEventHubSettings(resource.name, resource.configEntries)
        if (management.kind === 'atom') refuseNamespaceSettings(resource.name, settings)
        return { resource, settings }
      })
      const altered = await session.manage('AlterConfigs', () =>
        mapConcurrently(changes, async ({ resource, settings }) => {
          await existing(management, resource.name)
          if (!validateOnly) await management.updateEventHub(resource.name, settings)
          return outcomeOf(resource)
        }),
      )
      return { resources: altered }
    },
  }
}

function checkResources(resources: readonly (ResourceConfigQuery | IResourceConfig)[]): void {
  if (!resources || !Array.isArray(resources)) {
    throw new KafkaJSNonRetriableError(`Invalid resources array ${resources}`)
  }
  if (resources.length === 0) throw new KafkaJSNonRetriableError('Resources array cannot be empty')
  const types: readonly unknown[] = Object.values(ConfigResourceTypes)
  const invalidType = resources.find(({ type }) => !types.includes(type))
  if (invalidType) {
    throw new KafkaJSNonRetriableError(`Invalid resource type ${invalidType.type}: ${JSON.stringify(invalidType)}`)
  }
  const invalidName = resources.find(({ name }) => !name || typeof name !== 'string')
  if (invalidName) {
    throw new KafkaJSNonRetriableError(`Invalid resource name ${invalidName.name}: ${JSON.stringify(invalidName)}`)
  }
}

function refuseBrokers(
  resources: readonly (ResourceConfigQuery | IResourceConfig)[],
  call: 'describeBrokerConfigs' | 'alterBrokerConfigs',
): void {
  if (resources.some(({ type }) => type !== ConfigResourceTypes.TOPIC)) {
    throw new KafkaJSNotImplemented(unsupportedCalls[call])
  }
}

async function existing(management: Management, topic: string): Promise<EventHubDescription> {
  const eventHub = await management.getEventHub(topic)
  if (eventHub) return eventHub
  throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION')
}

function outcomeOf({ name, type }: ResourceConfigQuery | IResourceConfig) {
  return { errorCode: 0, errorMessage: null as unknown as string, resourceName: name, resourceType: type }
}

function toConfigEntries(eventHub: EventHubDescription, { configNames }: ResourceConfigQuery): ConfigEntries[] {
  const wanted = configNames && configNames.length > 0 ? new Set(configNames) : undefined
  return fromEventHubSettings(eventHub)
    .filter(({ name }) => !wanted || wanted.has(name))
    .map(({ name, value }) => ({
      configName: name,
      configValue: value,
      readOnly: false,
      // Event Hubs does not tell a setting left alone from one set to the same.
      isDefault: false,
      configSource: ConfigSource.TOPIC_CONFIG,
      isSensitive: false,
      configSynonyms: [],
    }))
}
