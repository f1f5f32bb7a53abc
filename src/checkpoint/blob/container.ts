import { isTokenCredential, type TokenCredential } from '@azure/core-auth'
import { KafkaJSNonRetriableError } from '../../errors/index.js'

/** The subset of a block blob client of `@azure/storage-blob` that the blob store needs. @public */
export interface CheckpointBlob {
  /** Replaces the metadata of a blob that exists. */
  setMetadata(
    metadata: Record<string, string>,
    options?: { abortSignal?: AbortSignal; conditions?: { ifMatch?: string } },
  ): Promise<{ etag?: string; lastModified?: Date }>
  /** Writes a blob. */
  upload(
    body: string,
    length: number,
    options?: { abortSignal?: AbortSignal; conditions?: { ifNoneMatch?: string }; metadata?: Record<string, string> },
  ): Promise<{ etag?: string; lastModified?: Date }>
  /** Version and metadata of a blob. */
  getProperties(options?: {
    abortSignal?: AbortSignal
  }): Promise<{ etag?: string; lastModified?: Date; metadata?: Record<string, string> }>
  /** Removes a blob, if it is there. */
  deleteIfExists(options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

/** The subset of `ContainerClient` of `@azure/storage-blob` that the blob store needs. @public */
export interface CheckpointContainer {
  /** For messages. */
  readonly containerName: string
  /** The client of one blob. */
  getBlockBlobClient(blobName: string): CheckpointBlob
  /** The blobs whose names begin with `prefix`. */
  listBlobsFlat(options: { prefix: string; includeMetadata: boolean; abortSignal?: AbortSignal }): AsyncIterable<{
    name: string
    metadata?: Record<string, string>
    properties: { etag?: string; lastModified?: Date }
  }>
  /** Makes the container, unless it is there. */
  createIfNotExists(options?: { abortSignal?: AbortSignal }): Promise<unknown>
}

/** The subset of `StorageSharedKeyCredential` of `@azure/storage-blob` that tells one. @public */
export interface StorageKeyCredential {
  /** The storage account. */
  readonly accountName: string
  /** Signs with the account's key. */
  computeHMACSHA256(stringToSign: string): string
}

/** The container of a blob store. @public */
export type CheckpointContainerChoice =
  | {
      /** A client of one's own, with its own retry policy. */
      containerClient: CheckpointContainer
    }
  | {
      /** Connection string of the storage account. */
      connectionString: string
      /** Name of the container. */
      containerName: string
    }
  | {
      /** URL of the container. With a SAS in its query no credential is needed. */
      containerUrl: string
      /** Default: `DefaultAzureCredential` of `@azure/identity`; for Azurite, its well-known key. */
      credential?: TokenCredential | StorageKeyCredential
    }

/** A choice whose credential is looked for only when the container is first used. */
export type LazyCheckpointContainerChoice =
  | CheckpointContainerChoice
  | { containerUrl: string; findCredential: () => Promise<TokenCredential | undefined> }

/**
 * An outage of the storage account ends a call after some six seconds, throttling is waited out: the storage SDK's own
 * policy tries again with growing pauses (0, 0.5, 1.5, 3.5 s). Its defaults would take half a minute.
 */
const RETRY = { maxTries: 5, retryDelayInMs: 500, maxRetryDelayInMs: 4_000, tryTimeoutInMs: 10_000 }

const AZURITE_ACCOUNT = 'devstoreaccount1'
/** Published by Microsoft for the development emulator. */
const AZURITE_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Throws `KafkaJSNonRetriableError` for options that name no container. */
export function checkContainerChoice(choice: LazyCheckpointContainerChoice): void {
  if ('containerClient' in choice) {
    if (typeof (choice.containerClient as CheckpointContainer | undefined)?.getBlockBlobClient === 'function') return
  } else if ('connectionString' in choice) {
    if (choice.connectionString && choice.containerName) return
  } else if ('containerUrl' in choice) {
    if (URL.canParse(choice.containerUrl) && new URL(choice.containerUrl).pathname.length > 1) return
  }
  throw new KafkaJSNonRetriableError(
    'blobCheckpointStore needs { containerClient } or { connectionString, containerName } or { containerUrl, credential? }',
  )
}

const isSigned = (url: URL) => url.searchParams.has('sig')

const isAzurite = (url: URL) => url.pathname.startsWith(`/${AZURITE_ACCOUNT}/`)

/** True where the credential is the same whenever the container is opened: a key, a signature, a client of one's own. */
export function hasFixedCredential(choice: LazyCheckpointContainerChoice): boolean {
  if (!('containerUrl' in choice)) return true
  if ('credential' in choice && choice.credential) return !isTokenCredential(choice.credential)
  const url = new URL(choice.containerUrl)
  return isSigned(url) || isAzurite(url)
}

export async function openContainer(choice: LazyCheckpointContainerChoice): Promise<CheckpointContainer> {
  if ('containerClient' in choice) return choice.containerClient
  const { ContainerClient, StorageSharedKeyCredential } = await import('@azure/storage-blob')
  const options = { retryOptions: RETRY }
  if ('connectionString' in choice) {
    try {
      return new ContainerClient(choice.connectionString, choice.containerName, options)
    } catch (error) {
      throw new KafkaJSNonRetriableError('The connection string of the storage account is not understood', {
        cause: error,
      })
    }
  }

  const { containerUrl } = choice
  const url = new URL(containerUrl)
  const open = (credential?: TokenCredential) => new ContainerClient(containerUrl, credential, options)
  const openWithKey = (account: string, key: string) =>
    new ContainerClient(containerUrl, new StorageSharedKeyCredential(account, key), options)
  if (isSigned(url)) return open()
  if ('credential' in choice && choice.credential) {
    const { credential } = choice
    return isTokenCredential(credential) ? open(credential) : openWithKey(credential.accountName, keyOf(credential))
  }
  if (isAzurite(url)) return openWithKey(AZURITE_ACCOUNT, AZURITE_KEY)
  const found = 'findCredential' in choice ? await choice.findCredential() : undefined
  if (found) return open(found)
  const { DefaultAzureCredential } = await import('@azure/identity')
  return open(new DefaultAzureCredential())
}

/**
 * The storage SDK knows a key credential by its class, and a program may have made it with the SDK's other copy (CommonJS
 * beside ESM): so it is made again, with ours.
 */
function keyOf(credential: StorageKeyCredential): string {
  const { accountKey } = credential as StorageKeyCredential & { accountKey?: unknown }
  if (Buffer.isBuffer(accountKey)) return accountKey.toString('base64')
  throw new KafkaJSNonRetriableError(
    'The credential of the checkpoint container is neither a TokenCredential nor a StorageSharedKeyCredential',
  )
}
