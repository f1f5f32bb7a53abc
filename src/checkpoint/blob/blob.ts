import type { Checkpoint, CheckpointStore, PartitionOwnership } from '../../types/checkpoint-store.js'
import { mapConcurrently } from '../../util/concurrency.js'
import { defaultStoreLogger, type StoreLogger } from '../logger.js'
import { checkCheckpoint, checkOwnership, throwIfAborted } from '../validation.js'
import { claimBlob } from './claim.js'
import {
  type CheckpointContainerChoice,
  checkContainerChoice,
  type LazyCheckpointContainerChoice,
} from './container.js'
import { isBlobMissing, isContainerMissing, isLostClaim } from './errors.js'
import { deleteBlobGroup, listBlobGroups } from './groups.js'
import { createBlobListing } from './listing.js'
import { blobName, spellingMetadata } from './names.js'
import { checkMetadata, fromPosition, toOwnerId, toPosition, toVersion } from './records.js'
import { createBlobSession } from './session.js'

/** The container the records are kept in, and the listener to those that can't be read. @public */
export type BlobCheckpointStoreOptions = CheckpointContainerChoice & {
  /** Gets a warning for each malformed blob, once. Default: the log of the Azure SDKs. */
  logger?: StoreLogger
}

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
  const listing = createBlobListing(session, logger)

  return {
    async listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup, options) {
      throwIfAborted(options)
      const key = { fullyQualifiedNamespace, eventHubName, consumerGroup }
      return await listing.list(
        'ownership',
        key,
        ({ partitionId, metadata, etag, lastModified }) => {
          const ownerId = toOwnerId(metadata)
          return ownerId === undefined
            ? undefined
            : { ...key, partitionId, ownerId, ...toVersion({ etag, lastModified }) }
        },
        options,
      )
    },

    async claimOwnership(partitionOwnership, options) {
      throwIfAborted(options)
      partitionOwnership.forEach(checkOwnership)
      const results = await mapConcurrently(partitionOwnership, async (ownership) => {
        return await session.write(async (container, abortSignal): Promise<PartitionOwnership | undefined> => {
          try {
            return { ...ownership, ...toVersion(await claimBlob(ownership, container, abortSignal)) }
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
      return await listing.list(
        'checkpoint',
        key,
        ({ partitionId, metadata }): Checkpoint | undefined => {
          const position = toPosition(metadata)
          return position && { ...key, partitionId, ...position }
        },
        options,
      )
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
