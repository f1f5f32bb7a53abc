import type { ConnectionCredential, CredentialSource } from '../../auth/credential-source.js'
import { resourceOfSignature } from '../../auth/shared-access.js'
import { KafkaJSSASLAuthenticationError } from '../../errors/index.js'
import type { Logger } from '../../types/index.js'
import { createDeferred } from '../../util/deferred.js'
import { claimFor, openContext } from './amqp-context.js'
import type { OpenStream } from './amqp-socket.js'
import { closeWithin } from './close-within.js'
import { WatchedConnection } from './watched-connection.js'

export interface VerifyOptions {
  readonly fullyQualifiedNamespace: string
  readonly credentials: CredentialSource
  readonly openStream: OpenStream
  /** The longest time all of it may take, ms. */
  readonly timeout: number
  readonly logger: Logger
  readonly abortSignal?: AbortSignal | undefined
}

/** Callers give up after the whole time; what took it should be known by then. */
const shareOfTime = 0.95

/**
 * Opens a connection of its own, has the service judge the token, and closes it again. No event hub is needed: the token
 * is put for the namespace, or for what the credential is limited to.
 *
 * Only a refusal of the token counts as a failure. A service that does not judge tokens for what was named says so in
 * other words, and the first use of an event hub will tell.
 */
export function verifyNamespace(options: VerifyOptions): Promise<void> {
  return options.credentials.attempt((goesWith) => attempt(options, goesWith))
}

async function attempt(options: VerifyOptions, goesWith: (given: ConnectionCredential) => void): Promise<void> {
  const { fullyQualifiedNamespace: host, timeout, logger, abortSignal } = options
  const interruption = createDeferred<never>()
  interruption.promise.catch(() => {})
  const find = async () => {
    const given = await options.credentials.current()
    goesWith(given)
    return given
  }
  const unlessInterrupted = <T>(step: Promise<T>): Promise<T> => Promise.race([step, interruption.promise])

  const watched = new WatchedConnection(
    { openStream: options.openStream, connectTimeout: timeout * shareOfTime },
    { onLost: interruption.reject },
  )
  let lateness = (time: number): Error =>
    new KafkaJSSASLAuthenticationError(`The credential gave no token within ${time} ms`)
  const timer = setTimeout(() => interruption.reject(lateness(timeout)), timeout * shareOfTime)
  const onAbort = () => interruption.reject(abortSignal?.reason)
  abortSignal?.addEventListener('abort', onAbort, { once: true })
  if (abortSignal?.aborted) onAbort()
  const { connection, cbsSession } = openContext(host, watched)

  try {
    const given = await unlessInterrupted(find())
    const claim = claimFor(audienceFor(host, given), given.credential)
    const { audience, token, type } = await unlessInterrupted(claim)
    lateness = unanswered
    await unlessInterrupted(cbsSession.init({ timeoutInMs: timeout }))
    await unlessInterrupted(cbsSession.negotiateClaim(audience, token, type, { timeoutInMs: timeout }))
  } catch (error) {
    if (!isAboutSomethingElse(error)) throw error
    logger.debug('The service does not judge a token for the whole namespace', { error: String(error) })
  } finally {
    clearTimeout(timer)
    abortSignal?.removeEventListener('abort', onAbort)
    if (connection.isOpen()) await closeWithin(() => cbsSession.close().then(() => connection.close()), logger)
    watched.destroy()
  }
}

/** The namespace, or what the credential is limited to. */
function audienceFor(host: string, { credential, entityPath }: ConnectionCredential): string {
  const resource = 'signature' in credential ? resourceOfSignature(credential.signature) : undefined
  const path = entityPath ?? resource?.replace(/^([a-z]+:\/\/)?[^/]*\/?/i, '') ?? ''
  return `sb://${host}/${path}`
}

function unanswered(time: number): Error {
  return Object.assign(new Error(`Connection timeout: no answer within ${time} ms`), { code: 'ETIMEDOUT' })
}

/** True when the service found fault with what was named and not with the token. */
function isAboutSomethingElse(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'MessagingEntityNotFoundError' || code === 'ArgumentError'
}
