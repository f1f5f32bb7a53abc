/**
 * The state of the clients of a `Kafka`, to be read whenever somebody wants to know it. Nothing is measured for it that
 * nobody asks for: positions, queues, links and leases are read from what owns them.
 *
 * @packageDocumentation
 */
import { KafkaJSNonRetriableError } from './errors/index.js'
import { diagnosticsKey } from './kafka.js'
import type { KafkaDiagnostics } from './types/diagnostics.js'

export type {
  AdminDiagnostics,
  CheckpointStoreDiagnostics,
  ClientDiagnostics,
  ConnectionDiagnostics,
  ConsumerDiagnostics,
  ConsumerPartitionDiagnostics,
  KafkaDiagnostics,
  LastError,
  ProducerDiagnostics,
  ProducerPartitionDiagnostics,
  StoreCallDiagnostics,
} from './types/diagnostics.js'

/**
 * Reads the state of all clients that a `Kafka` has made and that are connected: a snapshot of plain values, without
 * secrets, that is yours to keep.
 *
 * @throws KafkaJSNonRetriableError for what is no `Kafka` of this package.
 * @public
 */
export function readDiagnostics(kafka: { producer: unknown; consumer: unknown; admin: unknown }): KafkaDiagnostics {
  const read = (kafka as { [diagnosticsKey]?: () => KafkaDiagnostics } | undefined)?.[diagnosticsKey]
  if (typeof read === 'function') return read()
  throw new KafkaJSNonRetriableError(
    'readDiagnostics needs a Kafka of kafkajs-eventhubs: pass what new Kafka({ … }) has returned',
  )
}
