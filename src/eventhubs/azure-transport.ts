import { CredentialSource } from '../auth/credential-source.js'
import { type KafkaSettings, type ResolvedNamespace, saslMechanismOf } from '../config/config.js'
import type { RetrySettings } from '../retry/retry.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { Logger } from '../types/index.js'
import { AskingClient } from './connection/asking-client.js'
import type { AuthorizedConnectionOptions } from './connection/authorized-connection.js'
import { countStreams } from './connection/counted-streams.js'
import { endpointOf } from './connection/endpoint.js'
import { verifyNamespace } from './connection/verify.js'
import { createErrorTranslation } from './error-translation.js'
import { ReadingClient } from './reading/reading-client.js'
import { SendingClient } from './sending/sending-client.js'
import type { EventHubsTransport } from './transport.js'

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
  const { openStream, counts } = countStreams(endpoint.openStream)

  const credentials = new CredentialSource({
    provider: auth,
    fullyQualifiedNamespace,
    reauthenticationThreshold,
    timeout: connectionTimeout,
    retry,
    logger,
    onReplaced: () => {
      asking.renew()
      reading.renew()
      sending.renew()
    },
  })

  const connectionOptions: AuthorizedConnectionOptions & { readonly identifier: string } = {
    fullyQualifiedNamespace,
    openStream,
    connectTimeout: connectionTimeout,
    requestTimeout,
    identifier: clientId,
    logger,
    withCredential: (eventHubName, put) => credentials.attemptFor(eventHubName, put),
  }

  const asking = new AskingClient({
    ...connectionOptions,
    credentials,
    limit: mostOpenConnections,
    idleTime: idleConnectionTime ?? idleTimes.asking,
  })
  const sending = new SendingClient({ ...connectionOptions, idleTime: idleConnectionTime ?? idleTimes.sending })
  const reading = new ReadingClient(connectionOptions)

  const { toError, rejecting } = createErrorTranslation({
    broker: endpoint.address,
    mechanism: saslMechanismOf(settings),
    onRefused: () => credentials.invalidate(),
  })

  return {
    address: {
      fullyQualifiedNamespace,
      storeNamespace: isEmulator ? endpoint.address : fullyQualifiedNamespace,
      broker: endpoint.address,
      isEmulator,
    },

    verify: ({ abortSignal } = {}) =>
      rejecting(
        verifyNamespace({
          fullyQualifiedNamespace,
          credentials,
          openStream: endpoint.openStream,
          timeout: connectionTimeout,
          logger,
          abortSignal,
        }),
        { operation: 'connect' },
      ),

    getEventHubProperties: (topic, options) =>
      rejecting(asking.getEventHubProperties(topic, options), { operation: 'getEventHubProperties', topic }),

    getPartitionProperties: (topic, partitionId, options) =>
      rejecting(asking.getPartitionProperties(topic, partitionId, options), {
        operation: 'getPartitionProperties',
        topic,
        partition: Number(partitionId),
      }),

    openSender: (topic, partitionId, { idempotent }) =>
      sending.openSender({
        eventHubName: topic,
        partitionId,
        idempotent,
        toError: toError({ operation: 'send', topic, partition: Number(partitionId) }),
      }),

    openReader: (options) => {
      const { eventHubName: topic, partitionId } = options
      return reading.openReader(options, toError({ operation: 'read', topic, partition: Number(partitionId) }))
    },

    connections: () => ({ ...counts }),

    async close() {
      credentials.leave()
      await reading.closeReaders()
      await Promise.all([asking.close(), sending.close(), reading.close()])
      credentials.close()
    },
  }
}
