import { checkEventHubName, toPartition } from '../translate/names.js'
import type { AdminSession } from './session.js'

/** Asks for the numbers of a topic's partitions. As in kafkajs, a topic that is not there is told at once, and as it is. */
export async function fetchPartitions(session: AdminSession, topic: string): Promise<number[]> {
  checkEventHubName(topic)
  const transport = await session.transport()
  const { partitionIds } = await session.request(
    'Metadata',
    (abortSignal) => transport.getEventHubProperties(topic, { abortSignal }),
    { bailOn: ['UNKNOWN_TOPIC_OR_PARTITION'] },
  )
  return partitionIds.map(toPartition)
}
