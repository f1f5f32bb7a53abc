import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { decodeName, encodeName } from '../encoded-name.js'

/**
 * The published layout, shared by the processors of all Event Hubs SDKs: `<namespace>/<event hub>/<consumer group>/
 * checkpoint|ownership/<partition>`, lower case but for the partition.
 *
 * Names that Event Hubs allows stay as they are. Kafka's group ids may hold anything; what could be mistaken for another
 * part of the name, or would not survive a URL, is encoded. A slash stays in an event hub's name, where other SDKs leave
 * it: since no group and no partition has one, the name can still be read from its end.
 */
export type BlobKind = 'checkpoint' | 'ownership'

export interface BlobKey {
  readonly fullyQualifiedNamespace: string
  readonly eventHubName: string
  readonly consumerGroup: string
}

/** A blob name has at most 1024 characters: five parts and the kind. */
const NAME = { plain: /[a-z0-9._:$-]/, maxLength: 240 }
const HUB_PART = { plain: NAME.plain, maxLength: 256 }
const PARTITION = { plain: /[A-Za-z0-9._:$-]/, maxLength: 240 }

export const namespacePrefix = (namespace: string): string => `${encodeName(namespace.toLowerCase(), NAME)}/`

export function blobPrefix(kind: BlobKind, key: BlobKey): string {
  const hub = key.eventHubName.toLowerCase().split('/')
  const parts = [
    ...hub.map((part) => encodeName(part, HUB_PART)),
    encodeName(key.consumerGroup.toLowerCase(), NAME),
    kind,
  ]
  return `${namespacePrefix(key.fullyQualifiedNamespace)}${parts.join('/')}/`
}

/** Throws `KafkaJSNonRetriableError` when the names are longer together than a blob name can be. */
export function blobName(kind: BlobKind, key: BlobKey & { partitionId: string }): string {
  const name = blobPrefix(kind, key) + encodeName(key.partitionId, PARTITION)
  if (name.length <= 1024) return name
  throw new KafkaJSNonRetriableError(
    `The checkpoint blob of ${key.eventHubName} would have a name of ${name.length} characters: at most 1024`,
  )
}

/** The partition of a blob below a `blobPrefix`; undefined for blobs that lie deeper. */
export function partitionOf(name: string, prefix: string): string | undefined {
  const partition = name.slice(prefix.length)
  return partition === '' || partition.includes('/') ? undefined : decodeName(partition)
}

export interface ParsedBlobName {
  /** Of the group, as it stands in the name. */
  readonly encodedGroup: string
  /** Undefined when it was shortened. */
  readonly consumerGroup: string | undefined
  readonly eventHubName: string | undefined
}

const PARSED = /^[^/]+\/(.+)\/([^/]+)\/(?:checkpoint|ownership)\/[^/]+$/

/** Undefined for a blob that is none of ours, such as a lease of an old EventProcessorHost. */
export function parseBlobName(name: string): ParsedBlobName | undefined {
  const [, hub, encodedGroup] = PARSED.exec(name) ?? []
  if (hub === undefined || encodedGroup === undefined) return undefined
  const parts = hub.split('/').map(decodeName)
  return {
    encodedGroup,
    consumerGroup: decodeName(encodedGroup),
    eventHubName: parts.includes(undefined) ? undefined : parts.join('/'),
  }
}

export const encodeGroup = (group: string): string => encodeName(group.toLowerCase(), NAME)

/** Printable ASCII is what metadata, an HTTP header, carries. */
const SPELLING = { plain: /[!-$&-~]/, maxLength: 4096 }

/**
 * Metadata that keeps how a name is spelled, where the name of the blob does not tell: people know their topics and
 * groups with their capitals. Other SDKs neither write nor mind it.
 */
export function spellingMetadata({ eventHubName, consumerGroup }: BlobKey): Record<string, string> {
  const lost = (name: string) => name !== name.toLowerCase() || encodeName(name, NAME).includes('%~')
  return {
    ...(lost(eventHubName) && { eventhub: encodeName(eventHubName, SPELLING) }),
    ...(lost(consumerGroup) && { consumergroup: encodeName(consumerGroup, SPELLING) }),
  }
}

export const decodeSpelling = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : decodeName(value)
