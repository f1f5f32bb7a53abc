import { ConnectionConfig, ConnectionContextBase, createSasTokenProvider, TokenType } from '@azure/core-amqp'
import type { ConnectionCredential } from '../auth/credential-source.js'
import { authenticationError } from '../auth/renewing-token.js'
import { resourceOfSignature } from '../auth/shared-access.js'
import { KafkaJSSASLAuthenticationError } from '../errors.js'
import type { Logger } from '../types.js'
import type { OpenStream } from './amqp-socket.js'
import { closeWithin } from './close-within.js'
import { Wire } from './wire.js'

export interface VerifyOptions {
  readonly fullyQualifiedNamespace: string
  readonly getCredential: () => Promise<ConnectionCredential>
  readonly openStream: OpenStream
  /** For all of it, ms. */
  readonly timeout: number
  readonly logger: Logger
  readonly abortSignal?: AbortSignal | undefined
}

/** What a token of Microsoft Entra ID must be for. */
const scope = 'https://eventhubs.azure.net//.default'

/**
 * Opens a connection of its own, has the service judge the token, and closes it again. No event hub is needed: the token
 * is put for the namespace, or for what the credential is limited to.
 *
 * Only a refusal of the token counts as a failure. A service that does not judge tokens for what was named says so in
 * other words, and the first use of an event hub will tell.
 */
export async function verifyNamespace(options: VerifyOptions): Promise<void> {
  const { fullyQualifiedNamespace: host, timeout, logger, abortSignal } = options
  const controller = new AbortController()
  let ended: Error | undefined
  let stage = 'The credential gave no token'
  const end = (error: Error) => {
    ended ??= error
    controller.abort()
  }
  const wire = new Wire({ openStream: options.openStream, connectTimeout: timeout }, { onLost: end })
  const timer = setTimeout(() => {
    const message = `Connection timeout: ${stage} within ${timeout} ms`
    end(
      isAskingForToken
        ? new KafkaJSSASLAuthenticationError(message)
        : Object.assign(new Error(message), { code: 'ETIMEDOUT' }),
    )
  }, timeout)
  const onAbort = () => end(abortSignal?.reason instanceof Error ? abortSignal.reason : new Error('Aborted'))
  abortSignal?.addEventListener('abort', onAbort, { once: true })
  let isAskingForToken = true
  const context = openContext(host, wire)
  try {
    const connectionGone = new Promise<never>((_resolve, reject) => {
      controller.signal.addEventListener('abort', () => reject(ended), { once: true })
    })
    connectionGone.catch(() => {})
    if (abortSignal?.aborted) onAbort()
    const token = await Promise.race([
      tokenFor(host, await Promise.race([options.getCredential(), connectionGone])),
      connectionGone,
    ])
    isAskingForToken = false
    stage = 'not open'
    const limits = { abortSignal: controller.signal, timeoutInMs: timeout }
    await Promise.race([context.cbsSession.init(limits), connectionGone])
    stage = 'the token has not been judged'
    await Promise.race([
      context.cbsSession.negotiateClaim(token.audience, token.text, token.type, limits),
      connectionGone,
    ])
  } catch (error) {
    const reason = ended ?? error
    if (!isOtherRefusal(reason)) throw reason
    logger.debug('The service does not judge a token for the whole namespace', { error: String(reason) })
  } finally {
    clearTimeout(timer)
    abortSignal?.removeEventListener('abort', onAbort)
    await closeWithin(async () => {
      await context.cbsSession.close()
      await context.connection.close()
    }, logger)
    wire.destroy()
  }
}

async function tokenFor(host: string, { credential, entityPath }: ConnectionCredential) {
  if ('getToken' in credential) {
    const token = await credential.getToken(scope).catch((error: unknown) => {
      throw authenticationError(error)
    })
    return { audience: `sb://${host}/`, text: token?.token ?? '', type: TokenType.CbsTokenTypeJwt }
  }
  const resource = 'signature' in credential ? resourceOfSignature(credential.signature) : undefined
  const path = entityPath ?? resource?.replace(/^([a-z]+:\/\/)?[^/]*\/?/i, '') ?? ''
  const audience = `sb://${host}/${path}`
  const { token } = await createSasTokenProvider(credential).getToken(audience)
  return { audience, text: token, type: TokenType.CbsTokenTypeSas }
}

function openContext(host: string, wire: Wire) {
  // Required by the type of the configuration, and not used: the connection is anonymous, tokens follow.
  const endpoint = `Endpoint=sb://${host}/;SharedAccessKeyName=none;SharedAccessKey=none`
  const { webSocket, webSocketConstructorOptions } = wire.webSocketOptions
  return ConnectionContextBase.create({
    config: { ...ConnectionConfig.create(endpoint), webSocket, webSocketConstructorOptions },
    connectionProperties: { product: 'kafkajs-eventhubs', userAgent: 'kafkajs-eventhubs', version: '0' },
  })
}

/** Whether the service refused something else than the token. */
function isOtherRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'MessagingEntityNotFoundError' || code === 'ArgumentError' || code === 'ServiceUnavailableError'
}
