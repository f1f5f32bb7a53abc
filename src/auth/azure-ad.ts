import type { TokenCredential } from '@azure/core-auth'
import type {
  DefaultAzureCredentialClientIdOptions,
  DefaultAzureCredentialOptions,
  DefaultAzureCredentialResourceIdOptions,
} from '@azure/identity'
import { shareSuccess } from '../util/share.js'
import type { AuthProvider } from './provider.js'

/** A credential of one's own, or options for the `DefaultAzureCredential` that is used without one. @public */
export type AzureAdAuthOptions =
  | {
      /** Any credential of `@azure/identity`, or another object with its `getToken`. */
      credential: TokenCredential
    }
  | ({ credential?: undefined } & (
      | DefaultAzureCredentialOptions
      | DefaultAzureCredentialClientIdOptions
      | DefaultAzureCredentialResourceIdOptions
    ))

/**
 * Authenticates with Microsoft Entra ID (Azure AD): managed identities, workload identities, service principals, whoever
 * is logged in. `@azure/identity` is loaded when a client connects, and only if no credential was given.
 *
 * @public
 */
export function azureAdAuth(options: AzureAdAuthOptions = {}): AuthProvider {
  const { credential, ...defaults } = options
  if (credential) return { getCredential: () => credential }
  const load = shareSuccess(async (): Promise<TokenCredential> => {
    const { DefaultAzureCredential } = await import('@azure/identity')
    return new DefaultAzureCredential(defaults)
  })
  return { getCredential: () => load() }
}
