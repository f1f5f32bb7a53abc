import type { CheckpointStoreOptions } from '../../types/checkpoint-store.js'
import type { StoreLogger } from '../logger.js'
import { type BlobKey, type BlobKind, blobPrefix, partitionOf } from './names.js'
import { type BlobMetadata, isFolder } from './records.js'
import type { BlobSession } from './session.js'

/** A blob in the place of a record. */
export interface ListedBlob {
  readonly partitionId: string
  readonly name: string
  readonly metadata?: BlobMetadata
  readonly etag?: string
  readonly lastModified?: Date
}

/** The records of a group. A blob that is none is passed over, with one warning. */
export interface BlobListing {
  /** `toRecord` gives undefined for a blob that is no record. */
  list<T extends object>(
    kind: BlobKind,
    key: BlobKey,
    toRecord: (blob: ListedBlob) => T | undefined,
    options?: CheckpointStoreOptions,
  ): Promise<T[]>
}

/** What a blob that is no record lacks. */
const lacks: Record<BlobKind, string> = {
  ownership: 'it has no ownerid in its metadata',
  checkpoint: 'it has neither sequencenumber nor offset in its metadata',
}

export function createBlobListing(session: BlobSession, logger: StoreLogger): BlobListing {
  const warned = new Set<string>()
  const passOver = (name: string, reason: string) => {
    if (warned.has(name)) return
    warned.add(name)
    logger.warn(`The checkpoint blob ${name} is passed over: ${reason}`, { blob: name })
  }

  const find = (kind: BlobKind, key: BlobKey, options?: CheckpointStoreOptions): Promise<ListedBlob[]> => {
    const prefix = blobPrefix(kind, key)
    return session.read(
      async (container, abortSignal) => {
        const found: ListedBlob[] = []
        for await (const { name, metadata, properties } of container.listBlobsFlat({
          prefix,
          includeMetadata: true,
          abortSignal,
        })) {
          const partitionId = partitionOf(name, prefix)
          if (partitionId === undefined || isFolder(metadata)) continue
          found.push({ partitionId, name, ...properties, ...(metadata && { metadata }) })
        }
        return found
      },
      [],
      options,
    )
  }

  return {
    async list(kind, key, toRecord, options) {
      const blobs = await find(kind, key, options)
      return blobs.flatMap((blob) => {
        const record = toRecord(blob)
        if (record) return [record]
        passOver(blob.name, lacks[kind])
        return []
      })
    },
  }
}
