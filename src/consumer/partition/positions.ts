import type { EventHubsTransport } from '../../eventhubs/transport.js'

/** Where reading a partition can begin, as next sequence numbers. */
export interface Positions {
  readonly earliest: number
  /** Behind the newest event. */
  readonly latest: number
}

export async function fetchPositions(
  transport: EventHubsTransport,
  topic: string,
  partition: number,
): Promise<Positions> {
  const properties = await transport.getPartitionProperties(topic, String(partition))
  const latest = properties.lastEnqueuedSequenceNumber + 1
  // What an emptied partition says of its beginning differs: the last event removed, or the next to come.
  return { earliest: properties.isEmpty ? latest : properties.beginningSequenceNumber, latest }
}
