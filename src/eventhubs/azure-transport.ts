import type { EventDataBatch } from '@azure/event-hubs'
import { CredentialSource } from '../auth/credential-source.js'
import type { AuthProvider } from '../auth/provider.js'
import type { KafkaSettings, ResolvedNamespace } from '../config.js'
import { KafkaJSSASLAuthenticationError } from '../errors.js'
import { type ErrorContext, toKafkaJSError } from '../translate/error.js'
import type { Logger } from '../types.js'
import { ConsumerClient } from './consumer-client.js'
import { ConsumerClients } from './consumer-clients.js'
import { endpointOf } from './endpoint.js'
import { HubClient } from './hub-client.js'
import { HubClients } from './hub-clients.js'
import { Sender } from './idempotent-sender.js'
import { Reader } from './reader.js'
import type { EventBatch, EventHubsTransport, OperationOptions } from './transport.js'
import { verifyNamespace } from './verify.js'

/**
 * Connections to send and ask over that one client keeps open, one per event hub; those not used for longest are closed
 * for others. Connections to read over come on top, one per event hub and consumer group.
 */
export const mostOpenConnections = 50

export interface TransportOptions {
  readonly namespace: ResolvedNamespace
  readonly auth: AuthProvider
  readonly settings: KafkaSettings
  readonly logger: Logger
}

/** Event Hubs through `@azure/event-hubs`. Opens nothing before the first call. */
export function createAzureTransport({ namespace, auth, settings, logger }: TransportOptions): EventHubsTransport {
  const { fullyQualifiedNamespace, isEmulator } = namespace
  const { connectionTimeout, requestTimeout, reauthenticationThreshold, clientId } = settings
  const endpoint = endpointOf(namespace, settings)
  const { openStream } = endpoint
  const readers = new Set<Reader>()
  const senders = new Set<Sender>()

  const credentials = new CredentialSource({
    provider: auth,
    fullyQualifiedNamespace,
    reauthenticationThreshold,
    logger,
    onReplaced: () => {
      hubClients.retireAll()
      consumerClients.retireAll()
      for (const sender of senders) sender.retire()
      for (const reader of readers) void reader.reopen()
    },
  })

  const connectionOptions = async (eventHubName: string) => {
    const { credential, entityPath } = await credentials.current()
    if (entityPath && entityPath !== eventHubName) throw wrongEntity(entityPath, eventHubName)
    return {
      fullyQualifiedNamespace,
      eventHubName,
      credential,
      openStream,
      connectTimeout: connectionTimeout,
      requestTimeout,
      identifier: clientId,
      logger,
    }
  }

  const hubClients = new HubClients(
    async (eventHubName, onRetired) => new HubClient({ ...(await connectionOptions(eventHubName)), onRetired }),
    mostOpenConnections,
  )
  const consumerClients = new ConsumerClients(
    async ({ eventHubName, ...key }) => new ConsumerClient({ ...(await connectionOptions(eventHubName)), ...key }),
  )

  const toError = (context: ErrorContext) => (error: unknown) => {
    const translated = toKafkaJSError(error, { broker: endpoint.address, ...context })
    if (isRefusal(translated)) credentials.invalidate()
    return translated
  }
  const rejecting = <T>(promise: Promise<T>, context: ErrorContext): Promise<T> =>
    promise.catch((error: unknown) => {
      throw toError(context)(error)
    })
  const call = (eventHubName: string, { abortSignal }: OperationOptions = {}, linkName?: string) => {
    return <T>(operation: Parameters<typeof HubClient.prototype.call<T>>[0]) =>
      hubClients.use(eventHubName, (client) =>
        client.call(operation, { timeout: requestTimeout, abortSignal, ...(linkName ? { linkName } : {}) }),
      )
  }

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
          getCredential: () => credentials.current(),
          openStream,
          timeout: connectionTimeout,
          logger,
          abortSignal,
        }),
        { operation: 'connect' },
      ),

    getEventHubProperties: (topic, options) =>
      rejecting(
        call(topic, options)((sdk, abortSignal) => sdk.getEventHubProperties({ abortSignal })),
        { operation: 'getEventHubProperties', topic },
      ),

    getPartitionProperties: (topic, partitionId, options) =>
      rejecting(
        call(topic, options)((sdk, abortSignal) => sdk.getPartitionProperties(partitionId, { abortSignal })),
        { operation: 'getPartitionProperties', topic, partition: Number(partitionId) },
      ),

    createBatch: (topic, partitionId, options) =>
      rejecting(
        call(
          topic,
          options,
        )((sdk, abortSignal) => sdk.createBatch({ partitionId, abortSignal })) as Promise<EventBatch>,
        { operation: 'createBatch', topic, partition: Number(partitionId) },
      ),

    sendBatch: (topic, batch, { abortSignal } = {}) => {
      const { partitionId } = batch as unknown as { partitionId: string }
      const sent = hubClients.use(topic, async (client) => {
        await client.credit()
        await client.call((sdk, signal) => sdk.sendBatch(batch as unknown as EventDataBatch, { abortSignal: signal }), {
          timeout: requestTimeout,
          linkName: `${topic}/Partitions/${partitionId}`,
          abortSignal,
        })
      })
      return rejecting(sent, { operation: 'send', topic, partition: Number(partitionId) })
    },

    openIdempotentSender: (topic, partitionId) => {
      const linkOptions = () => connectionOptions(topic)
      const context = { operation: 'send', topic, partition: Number(partitionId) }
      const sender = new Sender({ partitionId, linkOptions, logger, toError: toError(context) })
      senders.add(sender)
      return sender
    },

    openReader: (options) => {
      const context = { operation: 'read', topic: options.eventHubName, partition: Number(options.partitionId) }
      const reader = new Reader(options, {
        clients: consumerClients,
        timeout: connectionTimeout,
        logger,
        toError: toError(context),
        onClosed: (closed) => readers.delete(closed),
      })
      readers.add(reader)
      return reader
    },

    async close() {
      await Promise.all([...readers].map((reader) => reader.close()))
      await Promise.all([hubClients.close(), ...[...senders].map((sender) => sender.close())])
      credentials.close()
    },
  }
}

/** The service does not take the credential, or not any longer: the next attempt asks for another. */
function isRefusal(error: Error): boolean {
  const { type } = error as { type?: unknown }
  return error instanceof KafkaJSSASLAuthenticationError || type === 'SASL_AUTHENTICATION_FAILED'
}

function wrongEntity(entityPath: string, eventHubName: string): KafkaJSSASLAuthenticationError {
  return new KafkaJSSASLAuthenticationError(
    `The connection string is for the event hub "${entityPath}" alone (EntityPath), not for "${eventHubName}": take one of the namespace`,
  )
}
