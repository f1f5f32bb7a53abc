import type { TokenCredential } from '@azure/core-auth'
import { KafkaJSNonRetriableError, KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { AuthProvider } from '../types/auth-provider.js'
import { shareSuccess } from '../util/share.js'

/** The part of MSAL's `ConfidentialClientApplication` that is used. @public */
export interface MsalApplication {
  /** Gives a token from the application's cache, or a new one. */
  acquireTokenByClientCredential(request: {
    scopes: string[]
  }): Promise<{ accessToken: string; expiresOn: Date | null } | null>
}

/** A certificate as MSAL takes it. @public */
export interface MsalCertificate {
  /** SHA-256 of the certificate, hexadecimal. */
  thumbprintSha256: string
  /** PEM. */
  privateKey: string
  /** The chain in PEM, for subject name and issuer authentication. */
  x5c?: string
}

/** The application of Microsoft Entra ID that authenticates, and its proof. @public */
export type MsalAuthOptions =
  | {
      /** An application of one's own, with its cache. */
      app: MsalApplication
    }
  | ({
      clientId: string
      /** Tenant id or domain. */
      tenantId: string
      /**
       * The authority that issues tokens. Default `https://login.microsoftonline.com`; sovereign clouds have their own.
       */
      authorityHost?: string
    } & (
      | { clientSecret: string }
      | { clientCertificate: MsalCertificate }
      | {
          /** A signed assertion, or a function that gives one: federated credentials. */
          clientAssertion: string | (() => Promise<string>)
        }
    ))

type MsalIdentity = Exclude<MsalAuthOptions, { app: unknown }>

/**
 * Authenticates an application through MSAL, whose token cache is used. `@azure/msal-node` is loaded when a client
 * connects. Throws KafkaJSNonRetriableError when a part is missing.
 *
 * @public
 */
export function msalAuth(options: MsalAuthOptions): AuthProvider {
  const load = shareSuccess(async (): Promise<TokenCredential> => {
    const app = 'app' in options && options.app ? options.app : await createApplication(options as MsalIdentity)
    return { getToken: (scopes) => tokenFrom(app, scopes) }
  })
  if (!('app' in options && options.app)) checkComplete(options)
  return { getCredential: () => load() }
}

async function tokenFrom(app: MsalApplication, scopes: string | string[]) {
  const result = await app.acquireTokenByClientCredential({ scopes: [scopes].flat() })
  if (!result) throw new KafkaJSSASLAuthenticationError('MSAL gave no token')
  return { token: result.accessToken, expiresOnTimestamp: result.expiresOn?.getTime() ?? 0 }
}

async function createApplication(options: MsalIdentity): Promise<MsalApplication> {
  const { ConfidentialClientApplication } = await import('@azure/msal-node')
  const { clientId, tenantId, authorityHost, ...proof } = options
  const host = (authorityHost ?? 'https://login.microsoftonline.com').replace(/\/+$/, '')
  const known = authorityHost ? { knownAuthorities: [new URL(host).host] } : {}
  return new ConfidentialClientApplication({ auth: { clientId, authority: `${host}/${tenantId}`, ...known, ...proof } })
}

function checkComplete(options: object): void {
  const has = (field: string) => Boolean((options as Record<string, unknown>)[field])
  const missing = ['clientId', 'tenantId'].filter((field) => !has(field))
  if (!['clientSecret', 'clientCertificate', 'clientAssertion'].some(has)) {
    missing.push('one of clientSecret, clientCertificate, clientAssertion')
  }
  if (missing.length) throw new KafkaJSNonRetriableError(`msalAuth lacks ${missing.join(' and ')}`)
}
