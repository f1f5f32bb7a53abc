import { EventHubProducerClient } from '@azure/event-hubs'
import { type ConnectionCredential, CredentialSource } from '../auth/credential-source.js'
import { type KafkaSettings, type ResolvedNamespace, saslMechanismOf } from '../config/config.js'
import { KafkaJSSASLAuthenticationError, protocolTypeOf } from '../errors/index.js'
import type { RetrySettings } from '../retry/retry.js'
import { type ErrorContext, toKafkaJSError } from '../translate/error.js'
import { topicKey } from '../translate/names.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { Logger } from '../types/index.js'
import type { AuthorizedConnectionOptions } from './connection/authorized-connection.js'
import { countStreams } from './connection/counted-streams.js'
import { endpointOf } from './connection/endpoint.js'
import { HubClient } from './connection/retirable-client.js'
import { HubClients } from './connection/retirable-clients.js'
import { retryOptions } from './connection/sdk-options.js'
import { verifyNamespace } from './connection/verify.js'
import { Reader } from './reading/reader.js'
import { ReadingConnection } from './reading/reading-connection.js'
import { ReadingConnections } from './reading/reading-connections.js'
import { SendingClient } from './sending/sending-client.js'
import type { EventHubsTransport, OperationOptions } from './transport.js'

/**
 * Connections to ask over that one client keeps open, one per event hub; those not used for longest are closed for
 * others. The one to send over and the one to read over come on top.
 */
export const mostOpenConnections = 16

/** Both ms: links are sent over again and again, and questions about an event hub come when a client starts. */
const idleTimes = { sending: 5 * 60 * 1000, asking: 30 * 1000 }

export interface TransportOptions {
  readonly namespace: ResolvedNamespace
  readonly auth: AuthProvider
  readonly settings: KafkaSettings
  /** The retries of the client. */
  readonly retry: RetrySettings
  readonly logger: Logger
  /** The time a connection to send or to ask over is kept unused, ms; default 5 minutes, and 30 s to ask over. */
  readonly idleConnectionTime?: number
}

/**
 * Event Hubs through `@azure/event-hubs`, and for transfers through the library beneath it. Opens nothing before the
 * first call.
 */
export function createAzureTransport(options: TransportOptions): EventHubsTransport {
  const { namespace, auth, settings, retry, logger, idleConnectionTime } = options
  const { fullyQualifiedNamespace, isEmulator } = namespace
  const { connectionTimeout, requestTimeout, reauthenticationThreshold, clientId } = settings
  const endpoint = endpointOf(namespace, settings)
  const mechanism = saslMechanismOf(settings)
  const { openStream, counts } = countStreams(endpoint.openStream)
  const readers = new Set<Reader>()

  const credentials = new CredentialSource({
    provider: auth,
    fullyQualifiedNamespace,
    reauthenticationThreshold,
    timeout: connectionTimeout,
    retry,
    logger,
    onReplaced: () => {
      hubClients.retireAll()
      readingConnections.renew()
      sending.renew()
    },
  })

  const credentialFor = async (eventHubName: string): Promise<ConnectionCredential> => {
    const given = await credentials.current()
    const { entityPath } = given
    if (entityPath && topicKey(entityPath) !== topicKey(eventHubName)) throw wrongEntity(entityPath, eventHubName)
    return given
  }

  const connectionOptions: AuthorizedConnectionOptions & { readonly identifier: string } = {
    fullyQualifiedNamespace,
    openStream,
    connectTimeout: connectionTimeout,
    requestTimeout,
    identifier: clientId,
    logger,
    withCredential: (eventHubName, put) =>
      credentials.attempt(async (goesWith) => {
        const given = await credentialFor(eventHubName)
        goesWith(given)
        return put(given.credential)
      }),
  }

  const hubClients = new HubClients(
    async (eventHubName, onRetired) => {
      const given = await credentialFor(eventHubName)
      return new HubClient({ ...connectionOptions, given, onRetired }, ({ webSocketOptions }) => {
        const clientOptions = { retryOptions: retryOptions(requestTimeout), webSocketOptions, identifier: clientId }
        return new EventHubProducerClient(fullyQualifiedNamespace, eventHubName, given.credential, clientOptions)
      })
    },
    { limit: mostOpenConnections, idleTime: idleConnectionTime ?? idleTimes.asking },
  )
  const sending = new SendingClient({ ...connectionOptions, idleTime: idleConnectionTime ?? idleTimes.sending })
  const readingConnections = new ReadingConnections(() => new ReadingConnection(connectionOptions))

  const toError = (context: ErrorContext) => (error: unknown) => {
    const translated = toKafkaJSError(error, { broker: endpoint.address, mechanism, ...context })
    if (isRefusal(translated)) credentials.invalidate()
    return translated
  }
  const rejecting = <T>(promise: Promise<T>, context: ErrorContext): Promise<T> =>
    promise.catch((error: unknown) => {
      throw toError(context)(error)
    })
  const ask = <T>(
    eventHubName: string,
    operation: (sdk: EventHubProducerClient, abortSignal: AbortSignal) => Promise<T>,
    { abortSignal }: OperationOptions = {},
  ) =>
    credentials.attempt((goesWith) =>
      hubClients.use(eventHubName, (client) => {
        goesWith(client.given)
        return client.call(operation, { timeout: requestTimeout, abortSignal })
      }),
    )

  return {
    address: {
      fullyQualifiedNamespace,
      storeNamespace: isEmulator ? endpoint.address : fullyQualifiedNamespace,
      broker: endpoint.address,
      isEmulator,
    },

    verify: ({ abortSignal } = {}) =>
      rejecting(
        credentials.attempt((goesWith) =>
          verifyNamespace({
            fullyQualifiedNamespace,
            getCredential: async () => {
              const given = await credentials.current()
              goesWith(given)
              return given
            },
            openStream: endpoint.openStream,
            timeout: connectionTimeout,
            logger,
            abortSignal,
          }),
        ),
        { operation: 'connect' },
      ),

    getEventHubProperties: (topic, options) =>
      rejecting(
        ask(topic, (sdk, abortSignal) => sdk.getEventHubProperties({ abortSignal }), options),
        { operation: 'getEventHubProperties', topic },
      ),

    getPartitionProperties: (topic, partitionId, options) =>
      rejecting(
        ask(topic, (sdk, abortSignal) => sdk.getPartitionProperties(partitionId, { abortSignal }), options),
        { operation: 'getPartitionProperties', topic, partition: Number(partitionId) },
      ),

    openSender: (topic, partitionId, { idempotent }) =>
      sending.openSender({
        eventHubName: topic,
        partitionId,
        idempotent,
        toError: toError({ operation: 'send', topic, partition: Number(partitionId) }),
      }),

    openReader: (options) => {
      const context = { operation: 'read', topic: options.eventHubName, partition: Number(options.partitionId) }
      const reader = new Reader(options, {
        connections: readingConnections,
        timeout: connectionTimeout,
        logger,
        toError: toError(context),
        onClosed: (closed) => readers.delete(closed),
      })
      readers.add(reader)
      return reader
    },

    connections: () => ({ ...counts }),

    async close() {
      credentials.leave()
      await Promise.all([...readers].map((reader) => reader.close()))
      await Promise.all([hubClients.close(), sending.close(), readingConnections.close()])
      credentials.close()
    },
  }
}

/** The service does not take the credential, or not any longer: the next attempt asks for another. */
function isRefusal(error: Error): boolean {
  return error instanceof KafkaJSSASLAuthenticationError || protocolTypeOf(error) === 'SASL_AUTHENTICATION_FAILED'
}

function wrongEntity(entityPath: string, eventHubName: string): KafkaJSSASLAuthenticationError {
  return new KafkaJSSASLAuthenticationError(
    `The connection string is for the event hub "${entityPath}" alone (EntityPath), not for "${eventHubName}": take one of the namespace`,
  )
}
