import { fileURLToPath } from 'node:url'
import { isTokenCredential, type TokenCredential } from '@azure/core-auth'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import { createBlobStore } from './blob/blob.js'
import { fileCheckpointStore } from './file/file.js'
import type { StoreLogger } from './logger.js'
import { sharedMemoryCheckpointStore } from './memory.js'

export interface FromStringOptions {
  /** The clients' own credential: a `TokenCredential` it gives for the storage account is used for a blob container. */
  readonly auth?: AuthProvider
  /** Gets what a store passes over, such as a malformed blob. */
  readonly logger?: StoreLogger
}

const FORMS =
  "'memory:' (this process only), 'file:<directory>' (the processes of one machine) or 'https://<account>.blob.core.windows.net/<container>' (any)"

/** What a text means, as far as it can be told from the text alone. */
type StoreForm =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'container'; readonly containerUrl: string }

/**
 * The store that `eventHubs.checkpointStore` or `KAFKAJS_EVENTHUBS_CHECKPOINT_STORE` names. `memory:` is one store for
 * all clients of the process. Throws `KafkaJSNonRetriableError` for a text of no known form; a wrong container or
 * directory is found out at the first use.
 */
export function checkpointStoreFromString(text: string, options: FromStringOptions = {}): CheckpointStore {
  const { auth, logger } = options
  const form = parseForm(text)
  if (form.kind === 'memory') return sharedMemoryCheckpointStore()
  if (form.kind === 'file') return fileCheckpointStore(form.directory)
  const { containerUrl } = form
  return createBlobStore({ containerUrl, logger, findCredential: () => findCredential(containerUrl, auth) })
}

/** Throws `KafkaJSNonRetriableError` for a text that `checkpointStoreFromString` would refuse. */
export function checkStoreText(text: string): void {
  parseForm(text)
}

function parseForm(text: string): StoreForm {
  if (text === 'memory:') return { kind: 'memory' }
  // What comes from a program without types may be anything.
  if (typeof text === 'string' && text.startsWith('file:') && text !== 'file:') {
    return { kind: 'file', directory: toPath(text) }
  }
  if (isContainerUrl(text)) return { kind: 'container', containerUrl: text }
  // The text may hold a key or a signature: no more of it than its scheme is shown.
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0]
  throw new KafkaJSNonRetriableError(
    `The checkpoint store ${scheme ? `'${scheme}…'` : 'given'} is not understood: write ${FORMS} as eventHubs.checkpointStore or KAFKAJS_EVENTHUBS_CHECKPOINT_STORE; for the connection string of a storage account pass blobCheckpointStore({ connectionString, containerName })`,
  )
}

/** `file:` before a path, or a file URL. */
function toPath(text: string): string {
  if (!text.startsWith('file://')) return text.slice('file:'.length)
  try {
    return fileURLToPath(text)
  } catch (error) {
    throw new KafkaJSNonRetriableError(`The checkpoint store ${text} is no directory of this machine`, { cause: error })
  }
}

/** A container of a storage account; of Azurite, where the account is in the path, over plain HTTP too. */
function isContainerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, pathname } = new URL(text)
  const [account, container, ...more] = pathname.split('/').filter((part) => part !== '')
  if (account === undefined || more.length > 0) return false
  if (container !== undefined) return account === 'devstoreaccount1' && ['http:', 'https:'].includes(protocol)
  return protocol === 'https:'
}

/**
 * The clients' credential, where it can give tokens for the storage account too. One whose `getToken` takes no scope, as
 * kafkajs's `oauthBearerProvider`, has tokens for Event Hubs only.
 */
async function findCredential(
  containerUrl: string,
  auth: AuthProvider | undefined,
): Promise<TokenCredential | undefined> {
  const credential = await auth?.getCredential({ fullyQualifiedNamespace: new URL(containerUrl).hostname })
  return isTokenCredential(credential) && credential.getToken.length > 0 ? credential : undefined
}
