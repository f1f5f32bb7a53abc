import type { Origin, StoredEvent } from './model/event.js'
import type { PartitionLog } from './model/partition-log.js'

/**
 * Batches in a partition's file. Each has a head of fixed size (bytes behind it, number of events, origin, first sequence
 * number, first offset, time), then the size of each event, then the events. A batch without events tells where a log ends
 * that retention has emptied.
 */
const HEAD = 4 + 4 + 1 + 8 + 8 + 8
const ORIGINS: readonly Origin[] = ['amqp', 'kafka']

/** Events of one batch, one behind the other, as the buffers to write. */
export function encodeBatch(events: readonly StoredEvent[]): Buffer[] {
  const [first] = events
  const last = events.at(-1)
  if (!first || !last) return []
  const sizes = Buffer.alloc(4 * events.length)
  let total = sizes.length
  for (const [i, { start, end }] of events.entries()) {
    sizes.writeUInt32BE(end - start, 4 * i)
    total += end - start
  }
  return [headOf(total, events.length, first), sizes, first.batch.subarray(first.start, last.end)]
}

export function encodeEnd({ last, end }: PartitionLog): Buffer {
  return headOf(0, 0, {
    origin: 'amqp',
    sequenceNumber: end,
    offset: last?.offset ?? -1,
    enqueuedTime: last?.enqueuedTime ?? 0,
  })
}

function headOf(
  bytes: number,
  count: number,
  { origin, sequenceNumber, offset, enqueuedTime }: Omit<StoredEvent, 'batch' | 'start' | 'end'>,
): Buffer {
  const head = Buffer.alloc(HEAD)
  head.writeUInt32BE(bytes, 0)
  head.writeUInt32BE(count, 4)
  head.writeUInt8(ORIGINS.indexOf(origin), 8)
  head.writeDoubleBE(sequenceNumber, 9)
  head.writeDoubleBE(offset, 17)
  head.writeDoubleBE(enqueuedTime, 25)
  return head
}

/** The batch a log is restored from. */
export interface RestoredBatch {
  readonly events: readonly StoredEvent[]
  /** Sequence number of the next event. */
  readonly end: number
  /** Of the newest event. */
  readonly lastOffset: number
  readonly enqueuedTime: number
}

/** The batches of a file; one that is incomplete ends them: its writer was cut off before it was acknowledged. */
export function* decodeBatches(file: Buffer): Generator<RestoredBatch> {
  let at = 0
  while (at + HEAD <= file.length) {
    const bytes = file.readUInt32BE(at)
    const count = file.readUInt32BE(at + 4)
    const origin = ORIGINS[file.readUInt8(at + 8)] ?? 'amqp'
    const firstSequenceNumber = file.readDoubleBE(at + 9)
    const firstOffset = file.readDoubleBE(at + 17)
    const enqueuedTime = file.readDoubleBE(at + 25)
    const body = at + HEAD
    if (body + bytes > file.length || 4 * count > bytes) return
    // A copy: a single event that is kept must not keep the whole file.
    const batch = Buffer.from(file.subarray(body + 4 * count, body + bytes))
    const events: StoredEvent[] = []
    let start = 0
    for (let i = 0; i < count; i++) {
      const end = start + file.readUInt32BE(body + 4 * i)
      const offset = firstOffset + start
      events.push({ sequenceNumber: firstSequenceNumber + i, offset, enqueuedTime, batch, start, end, origin })
      start = end
    }
    yield {
      events,
      end: firstSequenceNumber + count,
      lastOffset: events.at(-1)?.offset ?? firstOffset,
      enqueuedTime,
    }
    at = body + bytes
  }
}
