import { KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { AuthProvider } from '../types/auth-provider.js'

/** The life of a token that does not say so: as long as Kafka's clients use theirs. */
const assumedLifetime = 60 * 60 * 1000

/**
 * Authenticates with bearer tokens from kafkajs's `oauthBearerProvider`. It is called before the last token expires,
 * which the token's own `exp` says.
 *
 * @public
 */
export function oauthBearerAuth(provider: () => Promise<{ value: string }>): AuthProvider {
  const credential = {
    async getToken() {
      const token = await provider()
      if (typeof token?.value !== 'string' || !token.value) {
        throw new KafkaJSSASLAuthenticationError('SASL OAUTHBEARER: Invalid OAuth bearer token')
      }
      return { token: token.value, expiresOnTimestamp: expiryOf(token.value) ?? Date.now() + assumedLifetime }
    },
  }
  return { getCredential: () => credential }
}

/** Expiry of a JWT, ms since 1970; undefined for a token of another kind. */
export function expiryOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const { exp } = claims as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
