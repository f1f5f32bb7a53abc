import type { EventHubsTransport, OperationOptions, PartitionProperties } from '../eventhubs/transport.js'

/** The ends of a partition as Kafka counts them: the oldest offset kept, and the next to be written. */
export interface PartitionEnds {
  readonly low: number
  readonly high: number
}

/**
 * The ends that the service's answer tells of. What it says of the beginning of an emptied partition is of no use: it may
 * be the last event removed, or the next to come.
 */
export function toPartitionEnds({
  isEmpty,
  beginningSequenceNumber,
  lastEnqueuedSequenceNumber,
}: PartitionProperties): PartitionEnds {
  const high = lastEnqueuedSequenceNumber + 1
  return { low: isEmpty ? high : beginningSequenceNumber, high }
}

/** Asks the service, once. */
export async function fetchPartitionEnds(
  transport: EventHubsTransport,
  topic: string,
  partition: number,
  options?: OperationOptions,
): Promise<PartitionEnds> {
  return toPartitionEnds(await transport.getPartitionProperties(topic, String(partition), options))
}
