import { trimmedPath } from '../authorization.js'

/**
 * The entity that a link's address names. Addresses compare without case. Source: azure-sdk-for-js,
 * eventhubConnectionConfig.ts.
 */
export type Address =
  | { readonly node: '$cbs' }
  | { readonly node: '$management' }
  | {
      readonly node: 'event-hub'
      readonly eventHub: string
      readonly consumerGroup?: string
      readonly partition?: string
      readonly publisher?: string
    }

/**
 * `{hub}`, `{hub}/Partitions/{id}`, `{hub}/Publishers/{name}` and `{hub}/ConsumerGroups/{group}/Partitions/{id}`, with or
 * without scheme and host. Any other path is taken for the name of an event hub, which there is none of.
 */
export function parseAddress(text: string): Address {
  const path = trimmedPath(text)
  const segments = path.split('/', 6)
  const words = segments.map((segment) => segment.toLowerCase())
  const [eventHub = '', , third = ''] = segments
  if (words[0] === '$cbs' && segments.length === 1) return { node: '$cbs' }
  if (words.at(-1) === '$management' && segments.length <= 2) return { node: '$management' }
  if (segments.length === 5 && words[1] === 'consumergroups' && words[3] === 'partitions') {
    return { node: 'event-hub', eventHub, consumerGroup: third, partition: segments[4] ?? '' }
  }
  if (segments.length === 3 && words[1] === 'partitions') return { node: 'event-hub', eventHub, partition: third }
  if (segments.length === 3 && words[1] === 'publishers') return { node: 'event-hub', eventHub, publisher: third }
  return { node: 'event-hub', eventHub: path }
}
