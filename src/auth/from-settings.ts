import type { KafkaSettings } from '../config/config.js'
import { isServiceHost } from '../config/namespace.js'
import { KafkaJSSASLAuthenticationError } from '../errors/index.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { SASLOptions } from '../types/index.js'
import { oauthBearerAuth } from './oauth-bearer.js'
import { sasAuth } from './sas.js'

/** The key that a development emulator takes, Microsoft's and the one in `emulator/`, which shares no code with this. */
const emulatorKey = { keyName: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' }

/** The `username` of Kafka clients of Event Hubs when the password is a connection string. */
const connectionStringUser = '$ConnectionString'

/**
 * The provider that `eventHubs.auth`, `eventHubs.connectionString` or `sasl` ask for, in this order; without any of them
 * the emulator's well-known key, which nothing else accepts. Throws KafkaJSSASLAuthenticationError with kafkajs's words
 * for incomplete `sasl`.
 */
export function authProviderFromSettings(settings: KafkaSettings): AuthProvider {
  const { auth, connectionString } = settings.eventHubs
  if (auth) return auth
  if (connectionString) return sasAuth({ connectionString })
  if (settings.sasl) return authProviderFromSasl(settings.sasl)
  return sasAuth(emulatorKey)
}

/** Throws KafkaJSSASLAuthenticationError when there is no credential for a host of the service. */
export function requireCredential({ eventHubs, sasl }: KafkaSettings, host: string): void {
  if (eventHubs.auth || eventHubs.connectionString || sasl || !isServiceHost(host)) return
  throw new KafkaJSSASLAuthenticationError(
    `SASL authentication failed: no credential is given for ${host}: set sasl, eventHubs.connectionString or eventHubs.auth; is the environment variable set?`,
  )
}

/** kafkajs's text, and which of them is empty. */
function emptyPlain(username: unknown, password: unknown): string {
  const empty = [...(username ? [] : ['sasl.username']), ...(password ? [] : ['sasl.password'])]
  const shell = username ? '' : ` A shell makes nothing of "${connectionStringUser}": put it into single quotes`
  return `SASL Plain: Invalid username or password. Empty: ${empty.join(' and ')}; is the environment variable set?${shell}`
}

function authProviderFromSasl(sasl: SASLOptions): AuthProvider {
  switch (sasl.mechanism.toLowerCase()) {
    case 'plain': {
      const { username, password } = sasl as Extract<SASLOptions, { mechanism: 'plain' }>
      if (!username || !password) throw new KafkaJSSASLAuthenticationError(emptyPlain(username, password))
      if (username !== connectionStringUser && /(?:^|;)\s*Endpoint\s*=/i.test(password)) {
        throw new KafkaJSSASLAuthenticationError(
          `SASL Plain: Invalid username or password. What stands in sasl.password is a connection string, so that sasl.username must be '${connectionStringUser}', dollar sign included, and not '${username}'`,
        )
      }
      return username === connectionStringUser
        ? sasAuth({ connectionString: password })
        : sasAuth({ keyName: username, key: password })
    }
    case 'oauthbearer': {
      const { oauthBearerProvider } = sasl as Extract<SASLOptions, { mechanism: 'oauthbearer' }>
      if (!oauthBearerProvider) {
        throw new KafkaJSSASLAuthenticationError('SASL OAUTHBEARER: Missing OAuth bearer token provider')
      }
      return oauthBearerAuth(oauthBearerProvider)
    }
    default:
      throw new KafkaJSSASLAuthenticationError(`SASL ${sasl.mechanism} mechanism is not supported by Event Hubs`)
  }
}
