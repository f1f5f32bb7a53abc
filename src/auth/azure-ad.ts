import type { TokenCredential } from '@azure/core-auth'
import type { DefaultAzureCredentialOptions } from '@azure/identity'
import type { AuthProvider } from '../types/auth-provider.js'
import { shareSuccess } from '../util/share.js'

/** A credential of one's own, or options for the `DefaultAzureCredential` that is used without one. @public */
export type AzureAdAuthOptions =
  | {
      /** Any credential of `@azure/identity`, or another object with its `getToken`. */
      credential: TokenCredential
    }
  | ({ credential?: undefined } & DefaultCredentialOptions)

/**
 * The options of `DefaultAzureCredential` of `@azure/identity`: these, and whatever else it knows. Spelled out here, so
 * that programs compile without the types that package needs.
 *
 * @public
 */
export interface DefaultCredentialOptions {
  /** The tenant to authenticate in. */
  tenantId?: string
  /** Of a user-assigned managed identity; give this or `managedIdentityResourceId`. */
  managedIdentityClientId?: string
  /** Of a user-assigned managed identity. */
  managedIdentityResourceId?: string
  /** Of the application that a workload identity stands for. */
  workloadIdentityClientId?: string
  /** Tenants besides `tenantId` that tokens may be had from; `*` for any. */
  additionallyAllowedTenants?: string[]
  /** The authority that issues tokens, for sovereign clouds. */
  authorityHost?: string
  /** For clouds that cannot be reached from outside. */
  disableInstanceDiscovery?: boolean
  /** The longest time the program of a credential that runs one may take, ms. */
  processTimeoutInMs?: number
  /** Whatever else the installed version takes. */
  [option: string]: unknown
}

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
    return new DefaultAzureCredential(defaults as DefaultAzureCredentialOptions)
  })
  return { getCredential: () => load() }
}
