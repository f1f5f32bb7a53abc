import type { Agent } from 'node:http'
import type { TokenCredential } from '@azure/core-auth'
import type { AuthProvider } from './auth-provider.js'
import type { CheckpointStore } from './checkpoint-store.js'

/** Management of topics and consumer groups. @public */
export interface ManagementOptions {
  /**
   * `namespace` (default): the namespace's own HTTPS API; a shared access rule needs Manage, a token the role Azure Event
   * Hubs Data Owner. `arm`: Azure Resource Manager, through `@azure/arm-eventhub`; the default when `subscriptionId` is
   * given.
   */
  kind?: 'namespace' | 'arm'
  /** ARM: subscription of the namespace. */
  subscriptionId?: string
  /** ARM: resource group of the namespace. */
  resourceGroupName?: string
  /** ARM: credential, where it is another than the clients'. */
  credential?: TokenCredential
  /** ARM: its endpoint, where it is not `https://management.azure.com` (sovereign clouds). */
  endpoint?: string
}

/** The choice of the Event Hubs consumer group that a Kafka group reads. @public */
export type ConsumerGroupChoice = 'auto' | 'dedicated' | '$Default' | ((groupId: string, topic: string) => string)

/** The options of Event Hubs besides kafkajs's. @public */
export interface EventHubsOptions {
  /** Instead of `brokers` and `sasl`. With `UseDevelopmentEmulator=true` an emulator, on the port of its endpoint. */
  connectionString?: string
  /** Instead of `sasl`. */
  auth?: AuthProvider
  /** `amqp` (default) is TLS on port 5671, `websockets` is port 443. */
  transport?: 'amqp' | 'websockets'
  /** With `websockets`: the URL of an HTTP proxy, or an agent of one's own. */
  proxy?: string | Agent
  /** The address to connect to when it is not the namespace's host: private endpoints, application gateways. */
  customEndpointAddress?: string
  /**
   * Store of committed offsets, members and leases: a `CheckpointStore`, or `memory:`, `file:<directory>` or
   * `https://<account>.blob.core.windows.net/<container>`. Default: the environment variable
   * `KAFKAJS_EVENTHUBS_CHECKPOINT_STORE`; on a loopback emulator, memory. A consumer on a real namespace needs one.
   */
  checkpointStore?: CheckpointStore | string
  /**
   * The Event Hubs consumer group that is read. `auto` (default): the one named like `groupId` where it exists, else
   * `$Default`. `dedicated`: the one named like `groupId`, which must exist or be created by management. Offsets are
   * kept under the `groupId` in any case.
   */
  consumerGroup?: ConsumerGroupChoice
  /** Management of topics and consumer groups; `false` switches it off. */
  management?: ManagementOptions | false
  /** `reject` (default): `transaction()` throws. `buffered`: sends are held until `commit()`. */
  transactions?: 'reject' | 'buffered'
  /** `none` (default): `compression` in `send` is accepted and not applied. `body`: each body is compressed. */
  compression?: 'none' | 'body'
  /**
   * Events whose bytes make no sense. `deliver` (default): their bytes are the value of a message whose header
   * `kafkajs-eventhubs-undecodable` says why. `skip`: they are passed over, each with an ERROR in the log.
   */
  undecodable?: 'deliver' | 'skip'
  /** Most events taken from a link at once. */
  maxBatchSize?: number
  /** Most events asked for ahead, per partition. */
  prefetchCount?: number
}
