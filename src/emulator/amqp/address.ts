/** What a link's address names. Addresses compare without case. Source: azure-sdk-for-js, eventhubConnectionConfig.ts. */
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
 * without scheme and host. The name of an event hub may hold slashes itself.
 */
export function parseAddress(text: string): Address {
  const path = text.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '')
  const lower = path.toLowerCase()
  if (lower === '$cbs') return { node: '$cbs' }
  if (lower === '$management' || lower.endsWith('/$management')) return { node: '$management' }
  const reader = /^(.+)\/ConsumerGroups\/([^/]+)\/Partitions\/([^/]+)$/i.exec(path)
  if (reader) {
    const [, eventHub = '', consumerGroup = '', partition = ''] = reader
    return { node: 'event-hub', eventHub, consumerGroup, partition }
  }
  const sender = /^(.+)\/(Partitions|Publishers)\/([^/]+)$/i.exec(path)
  if (sender) {
    const [, eventHub = '', kind = '', name = ''] = sender
    return kind.toLowerCase() === 'partitions'
      ? { node: 'event-hub', eventHub, partition: name }
      : { node: 'event-hub', eventHub, publisher: name }
  }
  return { node: 'event-hub', eventHub: path }
}
