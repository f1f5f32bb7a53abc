import { KafkaJSNonRetriableError, protocolTypeOf } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { retryLog } from '../instrumentation/retry-log.js'
import { type RetrySettings, retry } from '../retry/retry.js'
import { toPartitionMetadata } from '../translate/cluster.js'
import { invalidTopicError, isEventHubName, toPartition, topicKey } from '../translate/names.js'
import type { Logger, PartitionMetadata } from '../types/index.js'
import { type Clock, systemClock } from '../util/clock.js'
import { share } from '../util/share.js'
import { createSlots, type Slots } from '../util/slots.js'
import type { Connection } from './connection.js'

/** The topics of a namespace as one client knows them. */
export interface Topics {
  /** The one of that name, however it is spelled: event hub names are compared without case. */
  of(topic: string): TopicPartitions
  /** The next `count` and `load` of each look again. */
  forget(): void
  /** The names of all. Rejects with `KafkaJSNonRetriableError` without management. */
  list(): Promise<string[]>
}

/** The partitions of one topic, remembered for `metadataMaxAge`; for some seconds, when there are none. */
export interface TopicPartitions {
  /** Numbered from 0, in order; a new array after each look, and only then. Empty: not looked at, or no such topic. */
  readonly metadata: PartitionMetadata[]
  /** True when they are known well enough: looked at since then (`performance.now()`), or not too old now. */
  isKnown(since?: number): boolean
  /** The next `count` and `load` look again. */
  forget(): void
  /** The number there is; 0: no such topic. Looks if need be, once: the caller tries again. */
  count(): Promise<number>
  /** The same, whatever is remembered, unless it was looked at since then (`performance.now()`). */
  refresh(since?: number): Promise<number>
  /**
   * Looks, trying again. What does not exist is created where that is allowed and possible; otherwise rejects with
   * UNKNOWN_TOPIC_OR_PARTITION.
   */
  load(): Promise<void>
}

export interface TopicsOptions {
  /** Connects, if need be. */
  readonly connect: () => Promise<Connection>
  readonly settings: {
    readonly retry: RetrySettings
    readonly metadataMaxAge: number
    readonly allowAutoTopicCreation: boolean
  }
  readonly logger: Logger
  /** True where `load` waits, as long as the retries last, for what does not exist and can't be created to appear. */
  readonly awaitsMissing: boolean
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * The time for which a topic is taken to be missing, ms, if `metadataMaxAge` is not shorter: it may be about to be created, or
 * the service may have been wrong for a moment, and until the next look nothing of it is read.
 */
const MISSING_MAX_AGE_MS = 5000

/**
 * Topics that are looked at, or created, at a time: their event hubs need a connection each to be asked over, and the time a question
 * may take is not to run out in a queue.
 */
const mostLooks = 16

export function createTopics(options: TopicsOptions): Topics {
  const { connect, settings } = options
  const looks = createSlots(mostLooks)
  const byKey = new Map<string, TopicPartitions>()
  /** The topics by every spelling that was asked for. */
  const bySpelling = new Map<string, TopicPartitions>()

  const find = (topic: string): TopicPartitions => {
    const key = topicKey(topic)
    const known = byKey.get(key) ?? createTopicPartitions(topic, options, looks)
    byKey.set(key, known)
    bySpelling.set(topic, known)
    return known
  }

  return {
    of: (topic) => bySpelling.get(topic) ?? find(topic),
    forget() {
      for (const topic of byKey.values()) topic.forget()
    },
    async list() {
      const management = await (await connect()).management()
      if (!management) {
        throw new KafkaJSNonRetriableError(
          'Subscribing by RegExp lists the event hubs of the namespace, which needs management: use a connection string whose rule has Manage, or eventHubs.management, or name the topics',
        )
      }
      return retry(async () => (await management.listEventHubs()).map(({ name }) => name), settings.retry, {
        onRetry: retryLog(options.logger, 'Could not list the topics'),
      })
    },
  }
}

function createTopicPartitions(topic: string, options: TopicsOptions, looks: Slots): TopicPartitions {
  const { connect, settings, logger, clock = systemClock } = options
  const { metadataMaxAge, allowAutoTopicCreation } = settings
  let metadata: PartitionMetadata[] = []
  let lookedAt = Number.NEGATIVE_INFINITY

  const learn = (partitionIds: readonly string[]) => {
    metadata = toPartitionMetadata(partitionIds.map(toPartition).sort((a, b) => a - b))
    lookedAt = clock.now()
  }

  const isFresh = (maxAge: number) => clock.now() - lookedAt < maxAge

  const look = share(async () => {
    const { transport, requests, address } = await connect()
    const { partitionIds } = await looks.run(() =>
      requests.run('Metadata', address.broker, (abortSignal) =>
        transport.getEventHubProperties(topic, { abortSignal }),
      ),
    )
    learn(partitionIds)
  })

  const refresh = async (since = Number.POSITIVE_INFINITY): Promise<number> => {
    if (lookedAt >= since) return metadata.length
    try {
      await look()
    } catch (error) {
      if (!isUnknownTopic(error)) throw error
      learn([])
    }
    return metadata.length
  }

  const unknown = async (why: string, cause: unknown): Promise<Error> => {
    const { fullyQualifiedNamespace } = (await connect()).address
    const message =
      `This server does not host this topic-partition: there is no event hub "${topic}" in ${fullyQualifiedNamespace}. ` +
      `Create it with admin.createTopics(), the Azure portal or "az eventhubs eventhub create"; ${why}`
    return createProtocolError('UNKNOWN_TOPIC_OR_PARTITION', { message, cause })
  }

  /** Creates it. The reason it is not created; undefined when it is, by us or another at the same moment. */
  const create = async (): Promise<string | undefined> => {
    if (!allowAutoTopicCreation) return 'allowAutoTopicCreation is false'
    const management = await (await connect()).management()
    if (!management) return 'allowAutoTopicCreation needs eventHubs.management and a credential that may manage'
    try {
      const { partitionCount } = await looks.run(() => management.createEventHub(topic, {}))
      logger.warn(`There was no event hub "${topic}": it was created, as allowAutoTopicCreation is true`, {
        topic,
        partitionCount,
      })
    } catch (error) {
      if (protocolTypeOf(error) === 'TOPIC_ALREADY_EXISTS') return undefined
      return `allowAutoTopicCreation could not create it: ${(error as Error).message}`
    }
    return undefined
  }

  /** An error that is not tried again is returned. */
  const lookOrCreate = async (): Promise<Error | undefined> => {
    try {
      await look()
    } catch (error) {
      if (!isUnknownTopic(error)) throw error
      const reason = await create()
      if (reason === undefined) {
        await look()
        return undefined
      }
      const missing = await unknown(reason, error)
      if (options.awaitsMissing) throw missing
      return missing
    }
    return undefined
  }

  return {
    get metadata() {
      return metadata
    },
    isKnown: (since = Number.POSITIVE_INFINITY) => lookedAt >= since || isFresh(metadataMaxAge),
    forget() {
      lookedAt = Number.NEGATIVE_INFINITY
    },
    async count() {
      const maxAge = metadata.length > 0 ? metadataMaxAge : Math.min(metadataMaxAge, MISSING_MAX_AGE_MS)
      return isFresh(maxAge) ? metadata.length : refresh()
    },
    refresh,
    load: share(async () => {
      if (!isEventHubName(topic)) {
        const error = invalidTopicError(topic)
        // As it is from kafkajs's consumer, wrapped from its producer.
        throw options.awaitsMissing ? new KafkaJSNonRetriableError(error, { cause: error }) : error
      }
      const error = await retry(lookOrCreate, settings.retry, {
        onRetry: retryLog(logger, `Could not look up topic ${topic}`),
      })
      if (error) throw error
    }),
  }
}

const isUnknownTopic = (error: unknown): boolean => protocolTypeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION'
