import { decodeMessage } from './amqp/codec/decoded-message.js'
import { SECTION, SectionReader } from './amqp/codec/sections.js'
import { startOfBytes } from './amqp/codec/values.js'
import { bytesOf, type StoredEvent } from './model/event.js'
import type { EventHub } from './model/hub.js'
import type { Namespace } from './model/namespace.js'
import type { Partition } from './model/partition.js'
import type { EventHubSpec, RetentionOptions } from './model/spec.js'

/** A stored event, decoded to be looked at. @public */
export interface EmulatedEvent {
  /** Position in the partition; the first is 0. */
  readonly sequenceNumber: number
  /** The service's opaque position. */
  readonly offset: string
  /** The time it was stored. */
  readonly enqueuedTime: Date
  /** Bytes of the data sections, one after the other; empty for a body of another kind. */
  readonly body: Buffer
  /** `x-opt-partition-key`. */
  readonly partitionKey: string | undefined
  /** Application properties, decoded by rhea. */
  readonly applicationProperties: Readonly<Record<string, unknown>>
  /** Message annotations, decoded by rhea. */
  readonly messageAnnotations: Readonly<Record<string, unknown>>
  /** The whole message, decoded by rhea. */
  readonly message: Readonly<Record<string, unknown>>
}

/** A partition, to be looked at. @public */
export interface EmulatedPartition {
  /** Its id: a decimal number. */
  readonly id: string
  /** Events kept. */
  readonly count: number
  /** Sequence number of the oldest event kept; of the next one when there is none. */
  readonly beginningSequenceNumber: number
  /** -1 before the first event. */
  readonly lastEnqueuedSequenceNumber: number
  /** Bytes held. */
  readonly sizeInBytes: number
  /** The events kept, oldest first. */
  events(): EmulatedEvent[]
}

/** An event hub of the emulator. @public */
export interface EmulatedEventHub {
  /** Its name. */
  readonly name: string
  /** The time it was created. */
  readonly createdAt: Date
  /** The number of partitions it has. */
  readonly partitionCount: number
  /** Its partitions, in order. */
  readonly partitions: readonly EmulatedPartition[]
  /** Its consumer groups, `$Default` included. */
  readonly consumerGroups: readonly string[]
  /** The retention of events. */
  readonly retention: Readonly<Required<RetentionOptions>>
  /** The events of all partitions, partition by partition. */
  events(): EmulatedEvent[]
  /** Adds partitions. The service drops the links to the event hub then; so does this. */
  setPartitionCount(count: number): void
  /** Sets the limits; what is left out keeps its value. */
  setRetention(retention: RetentionOptions): void
  /** Adds a consumer group. Throws when there is one of that name. */
  createConsumerGroup(name: string): void
  /** Drops its readers. */
  deleteConsumerGroup(name: string): void
}

/** The event hubs of the emulator: to be looked at, created and deleted from outside. @public */
export interface EmulatedEventHubs {
  /** Throws when the name is taken or is none. */
  create(spec: EventHubSpec): EmulatedEventHub
  /** Undefined when there is none of that name. Case does not matter. */
  get(name: string): EmulatedEventHub | undefined
  /** In the order of their names. */
  list(): EmulatedEventHub[]
  /** Deletes an event hub with its events and drops its links. False when there was none. */
  delete(name: string): boolean
}

export function inspectNamespace(namespace: Namespace): EmulatedEventHubs {
  return {
    create: (spec) => inspectEventHub(namespace, namespace.createEventHub(spec)),
    get(name) {
      const eventHub = namespace.getEventHub(name)
      return eventHub && inspectEventHub(namespace, eventHub)
    },
    list: () => namespace.listEventHubs().map((eventHub) => inspectEventHub(namespace, eventHub)),
    delete(name) {
      if (!namespace.getEventHub(name)) return false
      namespace.deleteEventHub(name)
      return true
    },
  }
}

function inspectEventHub(namespace: Namespace, eventHub: EventHub): EmulatedEventHub {
  const { name } = eventHub
  return {
    name,
    createdAt: eventHub.createdAt,
    get partitionCount() {
      return eventHub.partitionCount
    },
    get partitions() {
      eventHub.trim(Date.now())
      return eventHub.partitions.map(inspectPartition)
    },
    get consumerGroups() {
      return eventHub.consumerGroups.map((group) => group.name)
    },
    get retention() {
      return eventHub.retention
    },
    events() {
      return this.partitions.flatMap((partition) => partition.events())
    },
    setPartitionCount(count) {
      namespace.setPartitionCount(name, count)
    },
    setRetention(retention) {
      namespace.setRetention(name, retention)
    },
    createConsumerGroup(group) {
      namespace.createConsumerGroup(name, group)
    },
    deleteConsumerGroup(group) {
      namespace.deleteConsumerGroup(name, group)
    },
  }
}

function inspectPartition({ id, log }: Partition): EmulatedPartition {
  return {
    id,
    count: log.count,
    beginningSequenceNumber: log.begin,
    lastEnqueuedSequenceNumber: log.last?.sequenceNumber ?? -1,
    sizeInBytes: log.bytes,
    events: () => [...log.from(0)].map(inspectEvent),
  }
}

function inspectEvent(event: StoredEvent): EmulatedEvent {
  const { sequenceNumber, offset, enqueuedTime } = event
  const data = bytesOf(event)
  const message = decodeMessage(data)
  const annotations = (message['message_annotations'] ?? {}) as Record<string, unknown>
  const key = annotations['x-opt-partition-key']
  return {
    sequenceNumber,
    offset: String(offset),
    enqueuedTime: new Date(enqueuedTime),
    body: bodyOf(data),
    partitionKey: typeof key === 'string' ? key : undefined,
    applicationProperties: (message['application_properties'] ?? {}) as Record<string, unknown>,
    messageAnnotations: annotations,
    message,
  }
}

function bodyOf(data: Buffer): Buffer {
  const parts: Buffer[] = []
  const sections = new SectionReader(data)
  while (sections.next()) {
    if (sections.code === SECTION.data) parts.push(data.subarray(startOfBytes(data, sections.value), sections.end))
  }
  return Buffer.concat(parts)
}
