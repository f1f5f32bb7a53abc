import type { NamedKeyCredential, SASCredential } from '@azure/core-auth'
import {
  bearerTokenAuthenticationPolicy,
  type PipelinePolicy,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import type { ConnectionCredential, CredentialSource } from '../auth/credential-source.js'

export interface AuthenticationOptions {
  readonly credentials: CredentialSource
  /** The scope of bearer tokens. */
  readonly scope: string
  /** Signs a request with a shared access key or signature, or says that it is not taken. */
  sign(credential: NamedKeyCredential | SASCredential, request: PipelineRequest): Promise<void>
  /** True for an answer that refuses the credential itself, and not what is done with it. */
  isRefusal(status: number, body: string): boolean
}

/**
 * Puts the credential's token, or a signature, on each request. Where the service refuses it, the provider is asked for
 * another, and the request is made again with that.
 */
export function authenticationPolicy({ credentials, scope, sign, isRefusal }: AuthenticationOptions): PipelinePolicy {
  let bearer: { readonly credential: unknown; readonly policy: PipelinePolicy } | undefined
  const send = async (
    { credential }: ConnectionCredential,
    ...[request, next]: Parameters<PipelinePolicy['sendRequest']>
  ): Promise<PipelineResponse> => {
    if ('getToken' in credential) {
      // Keeps its token until shortly before it expires.
      if (bearer?.credential !== credential) {
        bearer = { credential, policy: bearerTokenAuthenticationPolicy({ credential, scopes: scope }) }
      }
      return bearer.policy.sendRequest(request, next)
    }
    await sign(credential, request)
    return next(request)
  }
  return {
    name: 'authenticationPolicy',
    async sendRequest(request, next) {
      for (;;) {
        const given = await credentials.current()
        const response = await send(given, request, next)
        const { status, bodyAsText } = response
        if (status < 400) credentials.accepted(given)
        if (!isRefusal(status, bodyAsText ?? '')) {
          if (status === 401) credentials.invalidate()
          return response
        }
        if (!credentials.refused(given, new Error(`HTTP ${status}`))) return response
      }
    },
  }
}
