import { KafkaJSNonRetriableError } from '../../errors/index.js'
import type { Checkpoint, PartitionOwnership } from '../../types/checkpoint-store.js'

/** A blob's state is its metadata; its content is empty. Keys may come back in another case than they were written. */
export type BlobMetadata = Record<string, string>

function metadataOf(metadata: BlobMetadata | undefined, key: string): string | undefined {
  const found = Object.keys(metadata ?? {}).find((name) => name.toLowerCase() === key)
  return found === undefined ? undefined : metadata?.[found]
}

/** Undefined for a blob that is no ownership record. */
export function toOwnerId(metadata: BlobMetadata | undefined): string | undefined {
  return metadataOf(metadata, 'ownerid')
}

export const fromOwnership = ({ ownerId }: PartitionOwnership): BlobMetadata => ({ ownerid: ownerId })

/**
 * Undefined for a blob that is no checkpoint. Processors of .NET leave one of the two values empty when they have not
 * been told it: the sequence number is then NaN, the offset the empty string.
 */
export function toPosition(
  metadata: BlobMetadata | undefined,
): Pick<Checkpoint, 'sequenceNumber' | 'offset'> | undefined {
  const number = metadataOf(metadata, 'sequencenumber') ?? ''
  const offset = metadataOf(metadata, 'offset') ?? ''
  const sequenceNumber = /^-?\d+$/.test(number) ? Number(number) : Number.NaN
  if (Number.isNaN(sequenceNumber) && offset === '') return undefined
  // .NET writes its smallest number for a sequence number it does not know.
  return { sequenceNumber: Number.isSafeInteger(sequenceNumber) ? sequenceNumber : Number.NaN, offset }
}

export const fromPosition = ({ sequenceNumber, offset }: Checkpoint): BlobMetadata => ({
  sequencenumber: String(sequenceNumber),
  offset,
})

/** Headers have quotes around an etag, listings have none: ours never do, so that they can be compared. */
export function toVersion({
  etag,
  lastModified,
}: {
  etag?: string | undefined
  lastModified?: Date | undefined
}): Pick<PartitionOwnership, 'etag' | 'lastModifiedTimeInMs'> {
  return {
    ...(etag !== undefined && { etag: withoutQuotes(etag) }),
    ...(lastModified && { lastModifiedTimeInMs: lastModified.getTime() }),
  }
}

/** An etag as a condition has it. */
export const toIfMatch = (etag: string): string => `"${withoutQuotes(etag)}"`

const withoutQuotes = (etag: string): string => etag.replace(/^"|"$/g, '')

/** The names that `spellingMetadata` kept. */
export function toSpelling(metadata: BlobMetadata | undefined): { eventHub?: string; group?: string } {
  const eventHub = metadataOf(metadata, 'eventhub')
  const group = metadataOf(metadata, 'consumergroup')
  return { ...(eventHub !== undefined && { eventHub }), ...(group !== undefined && { group }) }
}

/** Storage accounts with folders list these as blobs. */
export const isFolder = (metadata: BlobMetadata | undefined): boolean => metadataOf(metadata, 'hdi_isfolder') === 'true'

/** The most that Azure Storage takes: the names and values of all metadata of a blob together. */
const MAX_METADATA_BYTES = 8192

/** Throws `KafkaJSNonRetriableError` when it is more than a blob can carry. */
export function checkMetadata(metadata: BlobMetadata): BlobMetadata {
  const bytes = Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (bytes <= MAX_METADATA_BYTES) return metadata
  throw new KafkaJSNonRetriableError(
    `A record of ${bytes} bytes does not fit in the metadata of a blob, which holds ${MAX_METADATA_BYTES}`,
  )
}
