import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { Checkpoint, CheckpointStoreOptions, PartitionOwnership } from '../types/checkpoint-store.js'

/** Blob metadata, the narrowest place, holds 8 KB in all; the rest is for names. */
const MAX_OWNER_ID_LENGTH = 7168

/** The texts that can stand in an HTTP header and come back unchanged: printable ASCII without blanks at the ends. */
const OWNER_ID = /^$|^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

type Key = Pick<PartitionOwnership, 'fullyQualifiedNamespace' | 'eventHubName' | 'consumerGroup' | 'partitionId'>

/** Refuses what some store could not give back as it was, so that a program may move from any store to any other. */
export function checkOwnership(ownership: PartitionOwnership): void {
  checkKey(ownership)
  const { ownerId } = ownership
  if (typeof ownerId !== 'string' || !OWNER_ID.test(ownerId)) {
    throw new KafkaJSNonRetriableError('An ownerId must be printable ASCII, without blanks at its ends')
  }
  if (ownerId.length > MAX_OWNER_ID_LENGTH) {
    throw new KafkaJSNonRetriableError(
      `An ownerId of ${ownerId.length} characters does not fit in a checkpoint store: at most ${MAX_OWNER_ID_LENGTH}`,
    )
  }
}

export function checkCheckpoint(checkpoint: Checkpoint): void {
  checkKey(checkpoint)
  if (!Number.isSafeInteger(checkpoint.sequenceNumber)) {
    throw new KafkaJSNonRetriableError(`A checkpoint needs an integer sequenceNumber, got ${checkpoint.sequenceNumber}`)
  }
  if (typeof checkpoint.offset !== 'string' || !OWNER_ID.test(checkpoint.offset)) {
    throw new KafkaJSNonRetriableError(`A checkpoint needs an offset of printable ASCII, got ${checkpoint.offset}`)
  }
}

function checkKey(key: Key): void {
  for (const field of ['fullyQualifiedNamespace', 'eventHubName', 'consumerGroup', 'partitionId'] as const) {
    if (typeof key[field] !== 'string' || key[field] === '') {
      throw new KafkaJSNonRetriableError(`A checkpoint store needs a ${field}, got ${JSON.stringify(key[field])}`)
    }
  }
}

/** Throws an `AbortError` when the caller has given up. */
export function throwIfAborted({ abortSignal }: CheckpointStoreOptions = {}): void {
  if (abortSignal?.aborted) throw new DOMException('The operation was aborted', 'AbortError')
}
