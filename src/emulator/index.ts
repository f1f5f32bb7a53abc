/**
 * An emulator of Azure Event Hubs in this process: native AMQP 1.0, AMQP over WebSockets, the Kafka protocol and the
 * namespace's management API on one port.
 *
 * @packageDocumentation
 */

export type { EmulatorKafkaConfig, KafkaEndpointConfig } from './client-config.js'
export { type Emulator, startEmulator } from './emulator.js'
export type { FaultFilter, KafkaErrorOptions } from './fault-filter.js'
export type { Fault } from './fault-rules.js'
export type { EmulatorFaults, FaultError, LoseDispositionsOptions } from './faults.js'
export type { EmulatedEvent, EmulatedEventHub, EmulatedEventHubs, EmulatedPartition } from './inspection.js'
export type {
  EmulatedKafkaGroup,
  EmulatedKafkaGroups,
  EmulatedKafkaMember,
  EmulatedKafkaOffset,
} from './kafka/inspection.js'
export type { KafkaEndpointOptions } from './kafka/options.js'
export type { EmulatorLog, EmulatorLogEntry } from './log.js'
export type { EventHubSpec, RetentionOptions } from './model/spec.js'
export type {
  Claim,
  EmulatorOptions,
  IdleLimits,
  JwtOptions,
  SharedAccessKey,
} from './options.js'
export type { EmulatorStats } from './stats.js'
