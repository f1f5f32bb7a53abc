import type { KafkaSettings } from '../config/config.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { RootLogger } from '../instrumentation/logger.js'
import type { Management } from '../management/management.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'

/** What `Kafka` hands to each producer, consumer and admin client it makes. */
export interface ClientContext {
  readonly settings: KafkaSettings
  readonly logger: RootLogger
  /**
   * Resolves `brokers` and credentials and makes a transport. Each client opens its own and closes it when it
   * disconnects. Rejects with kafkajs's errors for bad brokers or credentials.
   */
  openTransport(): Promise<EventHubsTransport>
  /**
   * The checkpoint store of a namespace, one per `Kafka` instance and form. Undefined when none is configured and
   * the namespace is no loopback emulator.
   */
  checkpointStore(transport: EventHubsTransport): Promise<CheckpointStore | undefined>
  /** The management API of a namespace; undefined when it is switched off or the credential does not allow it. */
  management(transport: EventHubsTransport): Promise<Management | undefined>
}
