import { invalidArgument, offsetBeyondEnd, sequenceNumberBeyondEnd } from '../amqp/service-error.js'
import type { PartitionLog } from './partition-log.js'

/** Where a reader begins. */
export type Position =
  | { readonly by: 'offset' | 'sequence-number'; readonly value: string; readonly inclusive: boolean }
  | { readonly by: 'enqueued-time'; readonly value: number }
  | { readonly by: 'start' }
  | { readonly by: 'end' }

const FILTER = /^\s*amqp\.annotation\.(x-opt-[a-z-]+)\s*(>=?)\s*'?([^']*?)'?\s*$/

/**
 * Reads the text of the filter `apache.org:selector-filter:string`. No filter is the start of the partition.
 * Source: azure-sdk-for-js, eventPosition.ts. Throws a `ServiceError` for a text the service has no meaning for.
 */
export function parsePosition(filter: string | undefined): Position {
  if (filter === undefined || filter === '') return { by: 'start' }
  const [, field, operator, value = ''] = FILTER.exec(filter) ?? []
  const inclusive = operator === '>='
  switch (field) {
    case 'x-opt-offset':
      if (value === '@latest') return { by: 'end' }
      if (value === '-1') return { by: 'start' }
      return { by: 'offset', value, inclusive }
    case 'x-opt-sequence-number':
      return { by: 'sequence-number', value, inclusive }
    case 'x-opt-enqueued-time':
      if (!/^-?\d+$/.test(value)) throw invalidArgument(`The supplied enqueued time '${value}' is invalid.`)
      return { by: 'enqueued-time', value: Number(value) }
    default:
      throw invalidArgument(`The supplied filter '${filter}' is invalid.`)
  }
}

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
      const wanted = wholeNumber(position.value, 'sequence number')
      if (wanted > (last?.sequenceNumber ?? -1)) {
        throw sequenceNumberBeyondEnd(position.value, last?.sequenceNumber ?? -1)
      }
      return Math.max(position.inclusive ? wanted : wanted + 1, log.begin)
    }
    case 'offset': {
      const wanted = wholeNumber(position.value, 'offset')
      if (wanted > (last?.offset ?? -1)) throw offsetBeyondEnd(position.value, String(last?.offset ?? -1))
      return log.search((event) => (position.inclusive ? event.offset < wanted : event.offset <= wanted))
    }
  }
}

function wholeNumber(text: string, what: string): number {
  if (!/^-?\d+$/.test(text)) throw invalidArgument(`The supplied ${what} '${text}' is invalid.`)
  return Number(text)
}
