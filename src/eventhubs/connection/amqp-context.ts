import { ConnectionConfig, ConnectionContextBase, createSasTokenProvider, TokenType } from '@azure/core-amqp'
import type { ConnectionCredential } from '../../auth/credential-source.js'
import { authenticationError } from '../../auth/renewing-token.js'
import type { WatchedConnection } from './watched-connection.js'

/** An AMQP connection without anything of Event Hubs on top, as `@azure/event-hubs` has it beneath. */
export function openContext(
  host: string,
  { webSocketOptions }: Pick<WatchedConnection, 'webSocketOptions'>,
): ConnectionContextBase {
  // Required by the type of the configuration, and not used: the connection is anonymous, tokens follow.
  const endpoint = `Endpoint=sb://${host}/;SharedAccessKeyName=none;SharedAccessKey=none`
  const { webSocket, webSocketConstructorOptions } = webSocketOptions
  const context = ConnectionContextBase.create({
    config: { ...ConnectionConfig.create(endpoint), webSocket, webSocketConstructorOptions },
    connectionProperties: { product: 'kafkajs-eventhubs', userAgent: 'kafkajs-eventhubs', version: '0' },
  })
  // Of frames that make no sense: without a listener it would end the process. The connection ends, and tells that itself.
  context.connection.on('error' as Parameters<typeof context.connection.on>[0], () => {})
  return context
}

/** A token for one address of a namespace, as `$cbs` takes it. */
export interface Claim {
  readonly audience: string
  readonly token: string
  readonly type: TokenType
  /** Ms after which the next one is to be put. */
  readonly renewAfter: number
}

/**
 * The audience that a token of Microsoft Entra ID must have. Source: `Constants.aadEventHubsScope` of
 * `@azure/core-amqp`.
 */
const scope = 'https://eventhubs.azure.net//.default'
/** The time the SDK renews after: it signs tokens for an hour. */
const sharedAccessRenewal = 45 * 60 * 1000
/** The margin of the SDK before what the credential says is the token's end. */
const margin = 2 * 60 * 1000
/** However short a token lives, it is not asked for all the time, ms. */
const shortestPause = 250

/** Rejects with KafkaJSSASLAuthenticationError when the credential gives no token. */
export async function claimFor(audience: string, credential: ConnectionCredential['credential']): Promise<Claim> {
  if ('getToken' in credential) {
    const token = await credential.getToken(scope).catch((error: unknown) => {
      throw authenticationError(error)
    })
    const life = (token?.expiresOnTimestamp ?? 0) - Date.now()
    // A RenewingToken tells as its end the time of the next one, with the margin on top.
    const renewAfter = Math.max(life - margin, shortestPause)
    return { audience, token: token?.token ?? '', type: TokenType.CbsTokenTypeJwt, renewAfter }
  }
  const { token } = await createSasTokenProvider(credential).getToken(audience)
  return { audience, token, type: TokenType.CbsTokenTypeSas, renewAfter: sharedAccessRenewal }
}
