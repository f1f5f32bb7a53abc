import { authProviderFromSettings, requireCredential } from '../auth/from-settings.js'
import { isFixed } from '../auth/sas.js'
import { resolveNamespace } from '../config/namespace.js'
import type { KafkaSettings } from '../config/settings.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import type { RootLogger } from '../instrumentation/logger.js'
import type { Management } from '../management/management.js'
import type { RetrySettings } from '../retry/retry.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type {
  AdminDiagnostics,
  ConsumerDiagnostics,
  KafkaDiagnostics,
  ProducerDiagnostics,
} from '../types/diagnostics.js'
import { isLoopback } from '../util/loopback.js'
import { shareSuccess } from '../util/share.js'
import { createChosenStore } from './chosen-store.js'
import { type CommitNews, createCommitNews } from './commit-news.js'
import { createToldClients, type ToldClients } from './told-clients.js'

/** Everything that `Kafka` hands to each producer, consumer and admin client it makes. */
export interface ClientContext {
  readonly settings: KafkaSettings
  readonly logger: RootLogger
  /** The source of credentials of all clients. Throws KafkaJSSASLAuthenticationError for incomplete `sasl`. */
  auth(): AuthProvider
  /**
   * Resolves `brokers` and credentials, and connects nothing yet. Each client opens its own and closes it when it
   * disconnects. Rejects with kafkajs's errors for bad brokers or credentials.
   */
  open(requests: Requests, retry: RetrySettings): Promise<NamespaceAccess>
  /** The clients that were made, and what they tell of themselves. */
  readonly clients: {
    readonly producers: ToldClients<ProducerDiagnostics>
    readonly consumers: ToldClients<ConsumerDiagnostics>
    readonly admins: ToldClients<AdminDiagnostics>
  }
  /** The state of all clients and of the store at the moment. */
  diagnostics(): KafkaDiagnostics
}

/** A namespace as one client reaches it: events over AMQP, its event hubs over HTTPS, its groups in a store. */
export interface NamespaceAccess {
  readonly transport: EventHubsTransport
  /** The provider gives the same credential whenever it is asked. */
  readonly isCredentialFixed: boolean
  /**
   * The checkpoint store, one per `Kafka` instance and form. Undefined when none is configured and the namespace is no
   * loopback emulator.
   */
  store(): Promise<CheckpointStore | undefined>
  /** That store is the memory of this process. */
  isInMemory(): boolean
  /** The management API; undefined when it is switched off or the credential does not allow it. */
  management(): Promise<Management | undefined>
  /** The commits of clients of the same `Kafka`. */
  readonly commits: CommitNews
  /** Closes what was opened. */
  close(): Promise<void>
}

/** Throws `KafkaJSNonRetriableError` for a checkpoint store that its text alone tells to be none. */
export function createClientContext(settings: KafkaSettings, logger: RootLogger): ClientContext {
  let provider: AuthProvider | undefined
  const auth = (): AuthProvider => {
    provider ??= authProviderFromSettings(settings)
    return provider
  }
  const store = createChosenStore(settings, { auth, logger })
  const clients: ClientContext['clients'] = {
    producers: createToldClients(),
    consumers: createToldClients(),
    admins: createToldClients(),
  }
  const commits = createCommitNews()

  return {
    settings,
    logger,
    auth,
    clients,
    diagnostics: () => ({
      timestamp: Date.now(),
      clientId: settings.clientId,
      producers: clients.producers.read(),
      consumers: clients.consumers.read(),
      admins: clients.admins.read(),
      checkpointStore: store.diagnostics(),
    }),
    async open(requests, retry) {
      const namespace = await resolveNamespace(settings)
      requireCredential(settings, namespace.fullyQualifiedNamespace)
      const provider = auth()
      // With the first connection, not before: the SDK takes longer to load than all the rest.
      const { createAzureTransport } = await import('../eventhubs/azure-transport.js')
      const transport = createAzureTransport({
        namespace,
        auth: provider,
        settings,
        retry,
        logger: logger.namespace('Connection'),
      })
      let opened: Promise<Management | undefined> | undefined
      const management = shareSuccess(async () => {
        if (settings.eventHubs.management === false) return undefined
        const { createManagement } = await import('../management/from-settings.js')
        return createManagement({
          namespace,
          auth: provider,
          settings,
          logger: logger.namespace('Management'),
          timedOut: (apiName, createdAt) => requests.expired(apiName, transport.address.broker, createdAt),
        })
      })
      return {
        transport,
        isCredentialFixed: isFixed(provider),
        commits,
        store: async () => store.open(isLocal(transport)),
        isInMemory: () => store.isInMemory(isLocal(transport)),
        management() {
          opened = management()
          return opened
        },
        async close() {
          // One that could not be made has told whoever asked for it.
          await (await opened?.catch(() => undefined))?.close()
          await transport.close()
        },
      }
    },
  }
}

const isLocal = ({ address }: EventHubsTransport): boolean =>
  address.isEmulator || isLoopback(address.fullyQualifiedNamespace)
