import { mapConcurrently } from '../checkpoint/concurrency.js'
import { KafkaJSNonRetriableError } from '../errors.js'
import type { EventHubsTransport, PartitionProperties } from '../eventhubs/transport.js'
import { DEFAULT_CONSUMER_GROUP, toPartition } from '../translate/names.js'
import type { Admin } from '../types.js'
import { createDeferred } from '../util/deferred.js'
import type { AdminSession } from './session.js'

/** Kafka's marks for "the newest" and "the oldest" where a timestamp is asked for. */
const LATEST = -1
const EARLIEST = -2

/** The ends of a partition as Kafka counts them: the oldest offset kept, and the next to be written. */
export interface PartitionEnds {
  readonly low: number
  readonly high: number
}

/**
 * The ends of a partition. What an empty partition tells of its beginning is of no use: after retention it repeats the
 * last event's number.
 */
function partitionEnds({
  isEmpty,
  beginningSequenceNumber,
  lastEnqueuedSequenceNumber,
}: PartitionProperties): PartitionEnds {
  const high = lastEnqueuedSequenceNumber + 1
  return { low: isEmpty ? high : beginningSequenceNumber, high }
}

/** Where the partitions of a topic begin, end, and were at a moment. */
export function createTopicOffsetCalls(
  session: AdminSession,
): Pick<Admin, 'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp'> {
  const ofEachPartition = async <T>(
    topic: string,
    operation: (properties: PartitionProperties, transport: EventHubsTransport, signal: AbortSignal) => Promise<T> | T,
  ): Promise<T[]> => {
    const transport = await session.transport()
    return await session.request('ListOffsets', async (abortSignal) => {
      const { partitionIds } = await transport.getEventHubProperties(topic, { abortSignal })
      return await mapConcurrently(partitionIds, async (partitionId) => {
        const properties = await transport.getPartitionProperties(topic, partitionId, { abortSignal })
        return await operation(properties, transport, abortSignal)
      })
    })
  }

  return {
    async fetchTopicOffsets(topic) {
      checkTopic(topic)
      return await ofEachPartition(topic, (properties) => {
        const { low, high } = partitionEnds(properties)
        return {
          partition: toPartition(properties.partitionId),
          offset: String(high),
          high: String(high),
          low: String(low),
        }
      })
    },

    async fetchTopicOffsetsByTimestamp(topic, timestamp) {
      checkTopic(topic)
      const moment = timestamp === undefined || timestamp === null ? LATEST : Number(timestamp)
      if (Number.isNaN(new Date(moment).getTime())) {
        throw new KafkaJSNonRetriableError(`Invalid timestamp ${timestamp}, expected milliseconds since 1970`)
      }
      return await ofEachPartition(topic, async (properties, transport, signal) => {
        const partition = toPartition(properties.partitionId)
        const { low, high } = partitionEnds(properties)
        if (moment === EARLIEST) return { partition, offset: String(low) }
        if (moment === LATEST || properties.isEmpty || properties.lastEnqueuedOnUtc.getTime() < moment) {
          return { partition, offset: String(high) }
        }
        const first = await firstEnqueuedFrom(moment, { topic, partitionId: properties.partitionId, transport, signal })
        return { partition, offset: String(first ?? high) }
      })
    },
  }
}

interface PartitionToSearch {
  readonly topic: string
  readonly partitionId: string
  readonly transport: EventHubsTransport
  readonly signal: AbortSignal
}

/**
 * Sequence number of the first event enqueued at or after a moment: read from the service, which has an index by time.
 * Undefined when retention has taken the last one meanwhile.
 */
async function firstEnqueuedFrom(moment: number, partition: PartitionToSearch): Promise<number | undefined> {
  const { topic, partitionId, transport, signal } = partition
  const found = createDeferred<number | undefined>()
  const abort = () => found.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const reader = transport.openReader({
    eventHubName: topic,
    consumerGroup: DEFAULT_CONSUMER_GROUP,
    partitionId,
    afterSequenceNumber: -1,
    // The service compares with "later than".
    enqueuedAfter: new Date(moment - 1),
    maxBatchSize: 1,
    prefetchCount: 1,
    async onEvents(events) {
      const first = events.find((event) => event.enqueuedTimeUtc.getTime() >= moment)
      if (first) found.resolve(first.sequenceNumber)
      if (events.length > 0) return
      const { isEmpty } = await transport.getPartitionProperties(topic, partitionId)
      if (isEmpty) found.resolve(undefined)
    },
    onEnd: found.reject,
  })
  try {
    return await found.promise
  } finally {
    signal.removeEventListener('abort', abort)
    await reader.close()
  }
}

function checkTopic(topic: unknown): void {
  if (!topic || typeof topic !== 'string') throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
}
