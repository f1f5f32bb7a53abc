import type { PartitionOwnership } from '../../types/checkpoint-store.js'
import type { CheckpointContainer } from './container.js'
import { isLostClaim } from './errors.js'
import { blobName, spellingMetadata } from './names.js'
import { checkMetadata, fromOwnership, toIfMatch, toOwnerId } from './records.js'

/** Writes an ownership record, unless another has been written since the version that it names, or none. */
export async function claimBlob(
  ownership: PartitionOwnership,
  container: CheckpointContainer,
  abortSignal: AbortSignal,
): Promise<{ etag?: string; lastModified?: Date }> {
  const name = blobName('ownership', ownership)
  const metadata = checkMetadata({ ...fromOwnership(ownership), ...spellingMetadata(ownership) })
  const blob = container.getBlockBlobClient(name)
  const replace = (etag: string) =>
    blob.setMetadata(metadata, { abortSignal, conditions: { ifMatch: toIfMatch(etag) } })

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
