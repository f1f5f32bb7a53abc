import type { TokenCredential } from '@azure/core-auth'
import type { StorageSharedKeyCredential } from '@azure/storage-blob' with { 'resolution-mode': 'import' }
import { KafkaJSNonRetriableError } from '../errors.js'

interface Abortable {
  abortSignal?: AbortSignal
}

interface Conditional extends Abortable {
  conditions?: { ifMatch?: string; ifNoneMatch?: string }
}

interface Written {
  etag?: string
  lastModified?: Date
}

/** The subset of `ContainerClient` of `@azure/storage-blob` that the blob store needs. @public */
export interface BlobContainer {
  /** For messages. */
  readonly containerName: string
  /** The client of one blob. */
  getBlockBlobClient(blobName: string): {
    setMetadata(metadata: Record<string, string>, options?: Conditional): Promise<Written>
    upload(
      body: string,
      length: number,
      options?: Conditional & { metadata?: Record<string, string> },
    ): Promise<Written>
    getProperties(options?: Abortable): Promise<Written & { metadata?: Record<string, string> }>
    deleteIfExists(options?: Abortable): Promise<unknown>
  }
  /** The blobs whose names begin with `prefix`. */
  listBlobsFlat(
    options: Abortable & { prefix: string; includeMetadata: boolean },
  ): AsyncIterable<{ name: string; metadata?: Record<string, string>; properties: Partial<Written> }>
  /** Makes the container, unless it is there. */
  createIfNotExists(options?: Abortable): Promise<unknown>
}

/** Where a blob store finds its container. @public */
export type BlobContainerChoice =
  | {
      /** A client of one's own, with its own retry policy. */
      containerClient: BlobContainer
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
      credential?: TokenCredential | StorageSharedKeyCredential
    }

/** A choice whose credential is looked for only when the container is first used. */
export type LazyBlobContainerChoice =
  | BlobContainerChoice
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
export function checkContainerChoice(choice: LazyBlobContainerChoice): void {
  if ('containerClient' in choice) {
    if (typeof (choice.containerClient as BlobContainer | undefined)?.getBlockBlobClient === 'function') return
  } else if ('connectionString' in choice) {
    if (choice.connectionString && choice.containerName) return
  } else if ('containerUrl' in choice) {
    if (URL.canParse(choice.containerUrl) && new URL(choice.containerUrl).pathname.length > 1) return
  }
  throw new KafkaJSNonRetriableError(
    'blobCheckpointStore needs { containerClient } or { connectionString, containerName } or { containerUrl, credential? }',
  )
}

export async function openContainer(choice: LazyBlobContainerChoice): Promise<BlobContainer> {
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
  const open = (credential?: TokenCredential | StorageSharedKeyCredential) =>
    new ContainerClient(containerUrl, credential, options)
  if (url.searchParams.has('sig')) return open()
  if ('credential' in choice && choice.credential) return open(choice.credential)
  if (url.pathname.startsWith(`/${AZURITE_ACCOUNT}/`))
    return open(new StorageSharedKeyCredential(AZURITE_ACCOUNT, AZURITE_KEY))
  const found = 'findCredential' in choice ? await choice.findCredential() : undefined
  if (found) return open(found)
  const { DefaultAzureCredential } = await import('@azure/identity')
  return open(new DefaultAzureCredential())
}
