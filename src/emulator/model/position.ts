import { RefusedError } from './errors.js'
import type { PartitionLog } from './partition-log.js'

/** The position where a reader begins. */
export type Position =
  | { readonly by: 'offset' | 'sequence-number'; readonly value: number; readonly inclusive: boolean }
  | { readonly by: 'enqueued-time'; readonly value: number }
  | { readonly by: 'start' }
  | { readonly by: 'end' }

/**
 * The sequence number a reader begins with. A position before the oldest event means the oldest; one beyond the newest is
 * refused, whether it is inclusive or not (the service is stricter than it needs to be here). Observed on Azure:
 * spotflow-io/in-memory-azure-test-sdk, PartitionReceiverTests. "Greater than -1" on a new event hub is accepted.
 * Observed: azure-sdk-for-js #20982.
 */
export function resolvePosition(position: Position, log: PartitionLog): number {
  const last = log.last
  switch (position.by) {
    case 'start':
      return log.begin
    case 'end':
      return log.end
    case 'enqueued-time':
      return log.search((event) => event.enqueuedTime <= position.value)
    case 'sequence-number': {
      const { value, inclusive } = position
      checkNotBeyond(position, last?.sequenceNumber ?? -1)
      return Math.max(inclusive ? value : value + 1, log.begin)
    }
    case 'offset': {
      const { value, inclusive } = position
      checkNotBeyond(position, last?.offset ?? -1)
      return log.search((event) => (inclusive ? event.offset < value : event.offset <= value))
    }
  }
}

function checkNotBeyond({ by, value }: Extract<Position, { inclusive: boolean }>, last: number): void {
  if (value > last) throw new RefusedError({ kind: 'position-beyond-end', by, value, last })
}
