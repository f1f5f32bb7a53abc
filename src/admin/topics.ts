import {
  isKafkaJSError,
  KafkaJSAggregateError,
  KafkaJSCreateTopicError,
  KafkaJSNonRetriableError,
  KafkaJSProtocolError,
  KafkaJSTimeout,
} from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { toError } from '../errors/thrown.js'
import type { EventHubSettings, Management } from '../management/management.js'
import { refuseNamespaceSettings, toEventHubSettings } from '../management/topic-settings.js'
import { isRetriable } from '../retry/retry.js'
import { toPartitionMetadata } from '../translate/cluster.js'
import { isEventHubName } from '../translate/names.js'
import type { ITopicConfig, ITopicMetadata, ITopicPartitionConfig } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'
import { wait } from '../util/wait.js'
import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'
import { fetchPartitions } from './topic-partitions.js'
import { checkCreateTopics, checkTopicNames } from './topic-validation.js'

/** The longest wait for new topics, by default, ms; kafkajs's. */
const DEFAULT_TIMEOUT_MS = 5000

const POLL_INTERVAL_MS = 100

type TopicCalls = Pick<
  Admin,
  'listTopics' | 'createTopics' | 'deleteTopics' | 'createPartitions' | 'fetchTopicMetadata'
>

/** Event hubs as topics: over the management API, their metadata over AMQP. */
export function createTopicCalls(session: AdminSession): TopicCalls {
  const listTopics = async (method: string): Promise<string[]> => {
    const management = await session.management(method)
    const eventHubs = await session.manage('Metadata', () => management.listEventHubs())
    return eventHubs.map(({ name }) => name)
  }

  const topicMetadata = async (topic: string): Promise<ITopicMetadata> => ({
    name: topic,
    partitions: toPartitionMetadata(await fetchPartitions(session, topic)),
  })

  return {
    listTopics: () => listTopics('listTopics'),

    async createTopics({ topics, validateOnly = false, timeout = DEFAULT_TIMEOUT_MS, waitForLeaders = true }) {
      checkCreateTopics(topics)
      const management = await session.management('createTopics')
      const outcomes = await session.manage('CreateTopics', () =>
        mapConcurrently(topics, (config) => createTopic(management, config, validateOnly)),
      )
      const errors = outcomes.filter((outcome) => outcome !== undefined)
      if (errors.length > 0) {
        if (errors.every(({ type }) => type === 'TOPIC_ALREADY_EXISTS')) return false
        throw new KafkaJSAggregateError(`Topic creation errors: ${errors[0]?.message}`, errors)
      }
      if (waitForLeaders && !validateOnly) {
        await awaitTopics(
          session,
          topics.map(({ topic }) => topic),
          timeout,
        )
      }
      return true
    },

    async deleteTopics({ topics }) {
      checkTopicNames(topics, 'Invalid topics array', 'Invalid topics array, the names must be a valid string')
      const management = await session.management('deleteTopics')
      const remaining = new Set(topics)
      await session.retry(
        () =>
          session.manage('DeleteTopics', async () => {
            await mapConcurrently([...remaining], async (topic) => {
              await management.deleteEventHub(topic)
              remaining.delete(topic)
              await forgetOffsets(session, topic)
            })
          }),
        ({ message }, retryCount) =>
          session.logger.warn('Could not delete topics', { error: message, retryCount, topics: [...remaining] }),
      )
    },

    async createPartitions({ topicPartitions, validateOnly = false }) {
      if (!topicPartitions || !Array.isArray(topicPartitions)) {
        throw new KafkaJSNonRetriableError(`Invalid topic partitions array ${topicPartitions}`)
      }
      if (topicPartitions.length === 0) throw new KafkaJSNonRetriableError('Empty topic partitions array')
      checkTopicNames(
        topicPartitions.map(({ topic }) => topic),
        'Invalid topic partitions array',
        'Invalid topic partitions array, the topic names have to be a valid string',
        'Invalid topic partitions array, it cannot have multiple entries for the same topic',
      )
      const management = await session.management('createPartitions')
      await session.manage('CreatePartitions', () =>
        mapConcurrently(topicPartitions, (config) => increasePartitions(management, config, validateOnly)),
      )
      return true
    },

    async fetchTopicMetadata({ topics } = { topics: [] }) {
      if (topics != null && !Array.isArray(topics)) {
        throw new KafkaJSNonRetriableError(`Invalid topics array ${topics}`)
      }
      for (const topic of topics ?? []) {
        if (!topic || typeof topic !== 'string') throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
      }
      const names = topics && topics.length > 0 ? topics : await listTopics('fetchTopicMetadata without topics')
      return { topics: await mapConcurrently(names, topicMetadata) }
    },
  }
}

/** Waits until the data plane knows the topics: management is ahead of it by a moment. */
async function awaitTopics(session: AdminSession, topics: readonly string[], timeout: number): Promise<void> {
  const transport = await session.transport()
  const deadline = Date.now() + timeout
  for (const topic of topics) {
    for (;;) {
      try {
        await transport.getEventHubProperties(topic)
        break
      } catch (error) {
        if (!isRetriable(error)) throw error
        if (Date.now() >= deadline) {
          throw new KafkaJSTimeout('Timed out while waiting for topic leaders', { cause: error })
        }
      }
      await wait(POLL_INTERVAL_MS)
    }
  }
}

/** Deletes what groups have committed of a topic that is gone: they would pass over the first events of the next of its name. */
async function forgetOffsets(session: AdminSession, topic: string): Promise<void> {
  try {
    const store = await (await session.connection()).store()
    if (!store?.listGroups || !store.deleteCheckpoint) return
    const { storeNamespace } = (await session.transport()).address
    for (const { consumerGroup, eventHubNames } of await store.listGroups(storeNamespace)) {
      if (!eventHubNames.some((name) => name.toLowerCase() === topic.toLowerCase())) continue
      for (const { partitionId } of await store.listCheckpoints(storeNamespace, topic, consumerGroup)) {
        await store.deleteCheckpoint(storeNamespace, topic, consumerGroup, partitionId)
      }
    }
  } catch (error) {
    session.logger.error('The topic is deleted, but not what groups have committed of it: delete the groups', {
      topic,
      error: toError(error).message,
    })
  }
}

/** The refusal, if it is one; what went wrong otherwise is thrown. */
async function createTopic(
  management: Management,
  config: ITopicConfig,
  validateOnly: boolean,
): Promise<KafkaJSCreateTopicError | undefined> {
  const { topic } = config
  try {
    if (!isEventHubName(topic))
      throw createProtocolError('INVALID_TOPIC_EXCEPTION', { message: `Invalid topic "${topic}"` })
    const settings: EventHubSettings = {
      ...partitionCountOf(config),
      ...toEventHubSettings(topic, config.configEntries ?? []),
    }
    if (!validateOnly) {
      await management.createEventHub(topic, settings)
      return undefined
    }
    if (management.kind === 'atom') refuseNamespaceSettings(topic, settings)
    if (await management.getEventHub(topic)) throw createProtocolError('TOPIC_ALREADY_EXISTS')
    return undefined
  } catch (error) {
    if (error instanceof KafkaJSProtocolError) return new KafkaJSCreateTopicError(error, topic, { cause: error })
    throw isKafkaJSError(error) ? error : new KafkaJSNonRetriableError(error as Error, { cause: error })
  }
}

/** Left to the service without a count; placement by hand means as many partitions as it names. */
function partitionCountOf({ topic, numPartitions = -1, replicaAssignment = [] }: ITopicConfig): EventHubSettings {
  const count = numPartitions === -1 && replicaAssignment.length > 0 ? replicaAssignment.length : numPartitions
  const partitionCount = toCount(count)
  if (partitionCount === -1) return {}
  if (Number.isInteger(partitionCount) && partitionCount > 0) return { partitionCount }
  throw createProtocolError('INVALID_PARTITIONS', { message: `Topic "${topic}": ${count} is no number of partitions` })
}

/** Numbers may be texts, from an environment variable say: the Kafka protocol's encoder takes both. */
const toCount = (given: unknown) =>
  typeof given === 'string' && given.trim() !== '' ? Number(given) : (given as number)

async function increasePartitions(
  management: Management,
  { topic, ...config }: ITopicPartitionConfig,
  validateOnly: boolean,
): Promise<void> {
  const count = toCount(config.count)
  const current = await management.getEventHub(topic)
  if (!current) {
    throw createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', {
      message: `there is no event hub "${topic}" to add partitions to: create it with that number, or check its name`,
    })
  }
  if (!Number.isInteger(count) || count <= current.partitionCount) {
    throw createProtocolError('INVALID_PARTITIONS', {
      message: `Topic "${topic}" has ${current.partitionCount} partitions; their number can only be increased, not set to ${count}`,
    })
  }
  if (validateOnly) return
  const updated = await management.updateEventHub(topic, { partitionCount: count })
  if (updated.partitionCount === count) return
  throw createProtocolError('INVALID_PARTITIONS', {
    message: `Topic "${topic}" still has ${updated.partitionCount} partitions: the service adds partitions in the Premium and Dedicated tiers only, and not everywhere through the namespace's own API; use eventHubs.management { subscriptionId, resourceGroupName }`,
  })
}
