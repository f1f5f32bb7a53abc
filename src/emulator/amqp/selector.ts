import type { Position } from '../model/position.js'
import { invalidArgument } from './service-error.js'

/** Nothing in it repeats what the next part may begin with: the text is a peer's. */
const FILTER = /^amqp\.annotation\.(x-opt-[a-z-]+) *(>=?)(.*)$/

/**
 * Reads the text of the filter `apache.org:selector-filter:string`. No filter is the start of the partition.
 * Source: azure-sdk-for-js, eventPosition.ts. Throws a `ServiceError` for a text the service has no meaning for.
 */
export function parsePosition(filter: string | undefined): Position {
  if (filter === undefined || filter === '') return { by: 'start' }
  const [, field, operator, operand = ''] = FILTER.exec(filter.trim()) ?? []
  const value = unquoted(operand.trim())
  const inclusive = operator === '>='
  switch (field) {
    case 'x-opt-offset':
      if (value === '@latest') return { by: 'end' }
      if (value === '-1') return { by: 'start' }
      return { by: 'offset', value: wholeNumber(value, 'offset'), inclusive }
    case 'x-opt-sequence-number':
      return { by: 'sequence-number', value: wholeNumber(value, 'sequence number'), inclusive }
    case 'x-opt-enqueued-time':
    // The older name of the same: azure-event-hubs-c, live tests of uAMQP for Python.
    case 'x-opt-enqueuedtimeutc':
      if (!/^-?\d+$/.test(value)) throw invalidArgument(`The supplied enqueued time '${value}' is invalid.`)
      return { by: 'enqueued-time', value: Number(value) }
    default:
      throw invalidArgument(`The supplied filter '${filter}' is invalid.`)
  }
}

function wholeNumber(text: string, what: string): number {
  if (!/^-?\d+$/.test(text)) throw invalidArgument(`The supplied ${what} '${text}' is invalid.`)
  return Number(text)
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text
}
