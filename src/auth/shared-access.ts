import { adviceOnQuotes, parseConnectionString } from '../config/namespace.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'

/** The credentials in a connection string. */
export interface SharedAccess {
  readonly credential: { readonly name: string; readonly key: string } | { readonly signature: string }
  /** The one event hub that the string is for. */
  readonly entityPath: string | undefined
}

/**
 * Takes the credentials out of a connection string as the Azure portal shows it. An incomplete one is rejected with
 * KafkaJSNonRetriableError, which names what is missing and repeats nothing of it.
 */
export function sharedAccessOf(connectionString: string): SharedAccess {
  const fields = parseConnectionString(connectionString)
  const entityPath = fields.get('entitypath') || undefined
  const signature = fields.get('sharedaccesssignature')
  if (connectionString.trim() === '') {
    throw new KafkaJSNonRetriableError('The connection string is empty: is the environment variable set?')
  }
  if (!fields.get('endpoint')) throw lacking('Endpoint', connectionString)
  if (signature) return { credential: { signature }, entityPath }
  const [name, key] = [fields.get('sharedaccesskeyname'), fields.get('sharedaccesskey')]
  if (!name) throw lacking('SharedAccessKeyName', connectionString)
  if (!key) throw lacking('SharedAccessKey', connectionString)
  return { credential: { name, key }, entityPath }
}

/** Expiry of a ready-made token, ms since 1970; undefined when it does not say. */
export function expiryOfSignature(signature: string): number | undefined {
  const seconds = /(?:^|[&\s])se=(\d+)/.exec(signature)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

/** The resource of a ready-made token: a namespace or an event hub, as it stands in the token. */
export function resourceOfSignature(signature: string): string | undefined {
  const resource = /(?:^|[&\s])sr=([^&]+)/.exec(signature)?.[1]
  try {
    return resource === undefined ? undefined : decodeURIComponent(resource)
  } catch {
    return resource
  }
}

function lacking(field: string, connectionString: string): KafkaJSNonRetriableError {
  const advice =
    adviceOnQuotes(connectionString) ??
    'copy it whole from the shared access policies of the namespace or event hub, and put it into quotes where a shell reads it, which ends it at the first ";"'
  return new KafkaJSNonRetriableError(`The connection string lacks ${field}: ${advice}`)
}
