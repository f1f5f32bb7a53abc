import type {
  Checkpoint,
  CheckpointStore,
  CheckpointStoreOptions,
  PartitionOwnership,
} from '../../types/checkpoint-store.js'
import { mapConcurrently } from '../../util/concurrency.js'
import { defaultStoreLogger, type StoreLogger } from '../logger.js'
import { checkCheckpoint, checkOwnership, throwIfAborted } from '../validation.js'
import {
  type CheckpointContainer,
  type CheckpointContainerChoice,
  checkContainerChoice,
  type LazyCheckpointContainerChoice,
} from './container.js'
import { isBlobMissing, isContainerMissing, isLostClaim } from './errors.js'
import { deleteBlobGroup, listBlobGroups } from './groups.js'
import { type BlobKey, type BlobKind, blobName, blobPrefix, partitionOf, spellingMetadata } from './names.js'
import {
  type BlobMetadata,
  checkMetadata,
  fromOwnership,
  fromPosition,
  isFolder,
  toOwnerId,
  toPosition,
} from './records.js'
import { createBlobSession } from './session.js'

/** The container the records are kept in, and the listener to those that can't be read. @public */
export type BlobCheckpointStoreOptions = CheckpointContainerChoice & {
  /** Gets a warning for each malformed blob, once. Default: the log of the Azure SDKs. */
  logger?: StoreLogger
}

type ListedBlob = { partitionId: string; name: string; metadata?: BlobMetadata; etag?: string; lastModified?: Date }

/**
 * A checkpoint store in a container of Azure Blob Storage, in the layout of the Event Hubs SDKs: a group's offsets and
 * partitions can be shared with processors written in any language. The container is created when first written to, if
 * it does not exist.
 *
 * Calls reject with `KafkaJSNonRetriableError` when the credential is refused, and with a retriable `KafkaJSError` when
 * it is refused after writes had been allowed, or when the storage account can't be reached, after the storage SDK's own
 * retries, at the latest after 20 s.
 *
 * @public
 */
export function blobCheckpointStore(options: BlobCheckpointStoreOptions): CheckpointStore {
  return createBlobStore(options)
}

/** The same, for a credential that is only found out at the first use. */
export function createBlobStore(
  choice: LazyCheckpointContainerChoice & { logger?: StoreLogger | undefined },
): CheckpointStore {
  checkContainerChoice(choice)
  const logger = choice.logger ?? defaultStoreLogger()
  const session = createBlobSession(choice, undefined, logger)

  const warned = new Set<string>()
  const passOver = (name: string, reason: string) => {
    if (warned.has(name)) return
    warned.add(name)
    logger.warn(`The checkpoint blob ${name} is passed over: ${reason}`, { blob: name })
  }

  const list = (kind: BlobKind, key: BlobKey, options?: CheckpointStoreOptions): Promise<ListedBlob[]> => {
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

  const claim = async (ownership: PartitionOwnership, container: CheckpointContainer, abortSignal: AbortSignal) => {
    const name = blobName('ownership', ownership)
    const metadata = checkMetadata({ ...fromOwnership(ownership), ...spellingMetadata(ownership) })
    const blob = container.getBlockBlobClient(name)
    const replace = (etag: string) => blob.setMetadata(metadata, { abortSignal, conditions: { ifMatch: quote(etag) } })

    if (ownership.etag !== undefined) return await replace(ownership.etag)
    try {
      return await blob.upload('', 0, { metadata, abortSignal, conditions: { ifNoneMatch: '*' } })
    } catch (error) {
      if (!isLostClaim(error)) throw error
      // A blob that is no ownership record is not listed, and would keep its partition unread for ever.
      const { metadata: found, etag } = await blob.getProperties({ abortSignal })
      if (toOwnerId(found) !== undefined || etag === undefined) throw error
      return await replace(etag)
    }
  }

  return {
    async listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup, options) {
      throwIfAborted(options)
      const key = { fullyQualifiedNamespace, eventHubName, consumerGroup }
      const blobs = await list('ownership', key, options)
      return blobs.flatMap(({ partitionId, name, metadata, etag, lastModified }) => {
        const ownerId = toOwnerId(metadata)
        if (ownerId !== undefined) return [{ ...key, partitionId, ownerId, ...versionOf({ etag, lastModified }) }]
        passOver(name, 'it has no ownerid in its metadata')
        return []
      })
    },

    async claimOwnership(partitionOwnership, options) {
      throwIfAborted(options)
      partitionOwnership.forEach(checkOwnership)
      const results = await mapConcurrently(partitionOwnership, async (ownership) => {
        return await session.write(async (container, abortSignal): Promise<PartitionOwnership | undefined> => {
          try {
            return { ...ownership, ...versionOf(await claim(ownership, container, abortSignal)) }
          } catch (error) {
            const gone = ownership.etag !== undefined && isContainerMissing(error)
            if (gone || isLostClaim(error)) return undefined
            throw error
          }
        }, options)
      })
      return results.filter((ownership) => ownership !== undefined)
    },

    async updateCheckpoint(checkpoint, options) {
      throwIfAborted(options)
      checkCheckpoint(checkpoint)
      const name = blobName('checkpoint', checkpoint)
      const metadata = checkMetadata({ ...fromPosition(checkpoint), ...spellingMetadata(checkpoint) })
      await session.write(async (container, abortSignal) => {
        const blob = container.getBlockBlobClient(name)
        try {
          // Not an upload: in accounts that keep versions or deleted blobs, each would leave one behind.
          await blob.setMetadata(metadata, { abortSignal })
        } catch (error) {
          if (!isBlobMissing(error)) throw error
          await blob.upload('', 0, { metadata, abortSignal })
        }
      }, options)
    },

    async listCheckpoints(fullyQualifiedNamespace, eventHubName, consumerGroup, options) {
      throwIfAborted(options)
      const key = { fullyQualifiedNamespace, eventHubName, consumerGroup }
      const blobs = await list('checkpoint', key, options)
      return blobs.flatMap(({ partitionId, name, metadata }): Checkpoint[] => {
        const position = toPosition(metadata)
        if (position) return [{ ...key, partitionId, ...position }]
        passOver(name, 'it has neither sequencenumber nor offset in its metadata')
        return []
      })
    },

    listGroups: async (fullyQualifiedNamespace, options) => {
      throwIfAborted(options)
      return await listBlobGroups(session, fullyQualifiedNamespace, options)
    },

    deleteGroup: async (fullyQualifiedNamespace, consumerGroup, options) => {
      throwIfAborted(options)
      await deleteBlobGroup(session, fullyQualifiedNamespace, consumerGroup, options)
    },

    async deleteCheckpoint(fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, options) {
      throwIfAborted(options)
      const name = blobName('checkpoint', { fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId })
      await session.read(
        async (container, abortSignal) => {
          await container.getBlockBlobClient(name).deleteIfExists({ abortSignal })
        },
        undefined,
        options,
      )
    },
  }
}

/** Headers have quotes around an etag, listings have none: ours never do, so that they can be compared. */
function versionOf({ etag, lastModified }: { etag?: string | undefined; lastModified?: Date | undefined }) {
  return {
    ...(etag !== undefined && { etag: etag.replace(/^"|"$/g, '') }),
    ...(lastModified && { lastModifiedTimeInMs: lastModified.getTime() }),
  }
}

const quote = (etag: string): string => `"${etag.replace(/^"|"$/g, '')}"`
