import { KafkaJSError, KafkaJSNonRetriableError } from '../../errors/index.js'

/** The part of a `RestError` of the Azure SDKs that is looked at. */
interface StorageError extends Error {
  readonly statusCode?: number
  readonly code?: string
  readonly details?: { readonly errorCode?: string }
  readonly errors?: readonly Error[]
}

const codeOf = ({ code, details }: StorageError) => code ?? details?.errorCode

export const isContainerMissing = (error: unknown): boolean => codeOf(error as StorageError) === 'ContainerNotFound'

export const isBlobMissing = (error: unknown): boolean => {
  const { statusCode } = error as StorageError
  return statusCode === 404 && !isContainerMissing(error)
}

/** Conflicts that are about the container or the account, not about who was first. */
const OTHER_CONFLICTS = ['ContainerBeingDeleted', 'AccountBeingCreated', 'BlobImmutableDueToPolicy']

/** True for a conditional write that failed because the record is not what the writer took it for. */
export function isLostClaim(error: unknown): boolean {
  const { statusCode } = error as StorageError
  if (statusCode === 409) return !OTHER_CONFLICTS.includes(codeOf(error as StorageError) ?? '')
  return statusCode === 412 || isBlobMissing(error)
}

/** True where the credential itself is refused, and not what is done with it. */
export function isCredentialRefused(error: unknown): boolean {
  const { statusCode } = error as StorageError
  return statusCode === 401 || (statusCode === 403 && codeOf(error as StorageError) === 'AuthenticationFailed')
}

/** No identity was found at all; waiting will not change it. */
const lacksCredential = ({ name, errors }: StorageError): boolean =>
  name === 'CredentialUnavailableError' || (errors !== undefined && errors.length > 0 && errors.every(lacksCredential))

/** The end of the signature of a URL, if it has one. */
function expiryOfUrl(url: string): Date | undefined {
  const expiry = URL.canParse(url) ? new Date(new URL(url).searchParams.get('se') ?? '') : undefined
  return expiry && !Number.isNaN(expiry.getTime()) ? expiry : undefined
}

/** The place where a call to the storage account failed. */
export interface StorageFailure {
  readonly container: string
  readonly url?: string | undefined
  /** What is refused was allowed before, and may be again: that is tried again, as an outage is. */
  readonly mayPass?: boolean
}

/** An error of kafkajs's family, for one that the storage SDK or a credential threw. An `AbortError` stays one. */
export function fromStorageError(error: unknown, { container, url, mayPass = false }: StorageFailure): Error {
  const cause = error as StorageError
  if (cause instanceof KafkaJSError || cause.name === 'AbortError') return cause
  const { statusCode = 0 } = cause
  const Refusal = mayPass ? KafkaJSError : KafkaJSNonRetriableError
  const [said = ''] = cause.message.split('\n', 1)
  const reason = [statusCode || undefined, codeOf(cause), said.replace(/\.\s*$/, '')].filter(Boolean).join(' ')
  const text = `The checkpoint container ${container} can't be used: ${reason}`
  if (statusCode === 401 || statusCode === 403) {
    const expiry = url === undefined ? undefined : expiryOfUrl(url)
    if (expiry !== undefined && expiry.getTime() <= Date.now()) {
      const advice = 'make a new one, or use a credential of @azure/identity, which renews itself'
      return new KafkaJSNonRetriableError(`${text}. Its SAS expired at ${expiry.toISOString()}: ${advice}`, { cause })
    }
    const advice =
      "give it the role 'Storage Blob Data Contributor', or a SAS that may read, add, create, write, delete and list"
    return new Refusal(`${text}. The credential lacks a permission: ${advice}`, { cause })
  }
  if (lacksCredential(cause)) {
    const advice = 'sign in, pass a credential, or use a URL with a SAS'
    return new Refusal(`${text}. No credential was found for it: ${advice}`, { cause })
  }
  const hopeless = statusCode >= 400 && statusCode < 500 && ![404, 408, 409, 412, 429].includes(statusCode)
  return hopeless ? new KafkaJSNonRetriableError(text, { cause }) : new KafkaJSError(text, { cause })
}
