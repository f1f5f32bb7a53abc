/**
 * Kafka's offset is the event's sequence number, contiguous within a partition from 0; the service's own "offset" is an
 * opaque string and never shown. kafkajs writes offsets as decimal strings.
 */

/** The marks of the end of a partition, and of its beginning, where an offset or a timestamp is asked for. */
export const LATEST = -1
export const EARLIEST = -2

const DECIMAL = /^-?\d+$/

/** Offset of the event with this sequence number. */
export function toOffset(sequenceNumber: number): string {
  return String(sequenceNumber)
}

/**
 * Sequence number of an offset; undefined when it is no whole number that both sides can hold (2^53 - 1 at most).
 * Kafka's -1 (latest) and -2 (earliest) come back as they are.
 */
export function fromOffset(offset: string | number | bigint): number | undefined {
  if (typeof offset === 'string' && !DECIMAL.test(offset)) return undefined
  const sequenceNumber = Number(offset)
  return Number.isSafeInteger(sequenceNumber) ? sequenceNumber : undefined
}
