import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { EventHubsTransport, PartitionProperties } from '../eventhubs/transport.js'
import { readFirstEvent } from '../offsets/first-event.js'
import { toPartitionEnds } from '../offsets/partition-ends.js'
import { checkEventHubName, toPartition } from '../translate/names.js'
import { EARLIEST, LATEST } from '../translate/offset.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'

/** The calls for where the partitions of a topic begin, end, and were at a moment. */
export function createTopicOffsetCalls(
  session: AdminSession,
): Pick<Admin, 'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp'> {
  const ofEachPartition = async <T>(
    topic: string,
    operation: (properties: PartitionProperties, transport: EventHubsTransport, signal: AbortSignal) => Promise<T> | T,
  ): Promise<T[]> => {
    checkEventHubName(topic)
    const transport = await session.transport()
    return await session.request('ListOffsets', async (abortSignal) => {
      const { partitionIds } = await transport.getEventHubProperties(topic, { abortSignal })
      return await mapConcurrently(partitionIds, async (partitionId) => {
        const properties = await transport.getPartitionProperties(topic, partitionId, { abortSignal })
        return await operation(properties, transport, abortSignal)
      })
    })
  }

  /** The consumer groups of a topic, as far as they can be listed. */
  const consumerGroups = async (topic: string) => {
    const management = await (await session.connection()).management()
    return (await management?.listConsumerGroups(topic).catch(() => [])) ?? []
  }

  return {
    async fetchTopicOffsets(topic) {
      checkTopic(topic)
      return await ofEachPartition(topic, (properties) => {
        const { low, high } = toPartitionEnds(properties)
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
        const { low, high } = toPartitionEnds(properties)
        if (moment === EARLIEST) return { partition, offset: String(low) }
        if (moment === LATEST || properties.isEmpty || properties.lastEnqueuedOnUtc.getTime() < moment) {
          return { partition, offset: String(high) }
        }
        const first = await readFirstEvent({
          transport,
          topic,
          partitionId: properties.partitionId,
          afterSequenceNumber: -1,
          // The service, which has an index by time, compares with "later than".
          enqueuedAfter: new Date(moment - 1),
          isWanted: ({ enqueuedTime }) => enqueuedTime >= moment,
          otherGroups: () => consumerGroups(topic),
          signal,
        })
        return { partition, offset: String(first?.sequenceNumber ?? high) }
      })
    },
  }
}

function checkTopic(topic: unknown): void {
  if (!topic || typeof topic !== 'string') throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
}
