import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { AuthProvider } from '../types/auth-provider.js'
import { sharedAccessOf } from './shared-access.js'

/** A shared access policy in one of three forms: its connection string, its name and key, or a ready-made token. @public */
export type SasAuthOptions =
  | { connectionString: string }
  | { keyName: string; key: string }
  | {
      /** `SharedAccessSignature sr=…&sig=…&se=…&skn=…`; it is used until it expires, and cannot be renewed. */
      signature: string
    }

/**
 * Authenticates with a shared access policy. Tokens are signed with the key where they are used and renewed before they
 * expire. Throws KafkaJSNonRetriableError when a part is missing.
 *
 * @public
 */
export function sasAuth(options: SasAuthOptions): AuthProvider {
  const credential = credentialOf(options)
  const provider: AuthProvider = { getCredential: () => credential }
  fixed.add(provider)
  return provider
}

/** The providers that give the same whenever they are asked. */
const fixed = new WeakSet<AuthProvider>()

/** True for a provider of {@link sasAuth}: what the service refuses once it refuses always. */
export const isFixed = (provider: AuthProvider): boolean => fixed.has(provider)

function credentialOf(options: SasAuthOptions) {
  if ('connectionString' in options && options.connectionString) {
    sharedAccessOf(options.connectionString)
    return { connectionString: options.connectionString }
  }
  if ('signature' in options && options.signature) return { signature: options.signature }
  if ('keyName' in options && options.keyName && options.key) return { name: options.keyName, key: options.key }
  throw new KafkaJSNonRetriableError('sasAuth needs { connectionString }, { keyName, key } or { signature }')
}
