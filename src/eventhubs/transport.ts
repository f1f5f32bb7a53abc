/**
 * The subset of Event Hubs that this library uses. Everything above speaks to this interface; `azure-transport.ts`
 * implements it on `@azure/event-hubs`.
 *
 * Every method rejects with errors of kafkajs's family only: foreign errors have passed `translate/error.ts`. No method
 * retries: each is a single attempt, retrying is the caller's.
 */

import type { ReceivedEvent } from '../translate/event.js'
import type { EventSender } from './sending/sender.js'

/** The namespace a transport is connected to. */
export interface NamespaceAddress {
  /** Host name without port: what tokens and OPEN frames carry. */
  readonly fullyQualifiedNamespace: string
  /**
   * The name of the namespace that checkpoint stores key by: the host name, on a loopback emulator with its port
   * (`localhost:5672`).
   */
  readonly storeNamespace: string
  /** `host:port` for events and logs, in the form `payload.broker` has in kafkajs. */
  readonly broker: string
  /** A loopback emulator: no account, memory checkpoint store by default. */
  readonly isEmulator: boolean
}

/** The subset of an event hub's properties that is used. */
export interface EventHubProperties {
  readonly partitionIds: readonly string[]
}

export interface PartitionProperties {
  readonly partitionId: string
  /** Sequence number of the oldest event kept; on an empty partition of the next one or the last one, see `isEmpty`. */
  readonly beginningSequenceNumber: number
  /** -1 before the first event. */
  readonly lastEnqueuedSequenceNumber: number
  readonly lastEnqueuedOffset: string
  readonly lastEnqueuedOnUtc: Date
  readonly isEmpty: boolean
}

export interface OperationOptions {
  readonly abortSignal?: AbortSignal
}

export interface ReaderOptions {
  readonly eventHubName: string
  /** The Event Hubs consumer group, not the Kafka group. */
  readonly consumerGroup: string
  readonly partitionId: string
  /** Reads events with a greater sequence number; -1 reads from the oldest kept. */
  readonly afterSequenceNumber: number
  /** Instead of after a sequence number, begins with the first event enqueued later than this, to the ms. */
  readonly enqueuedAfter?: Date
  /** Epoch: the service disconnects readers with a lower or no epoch. Left out: no epoch. */
  readonly ownerLevel?: number
  /** Most events in one chunk; left out: 1000. */
  readonly maxBatchSize?: number | undefined
  /** Most events held and asked for ahead of what is done with; left out: what two chunks take. */
  readonly prefetchCount?: number | undefined
  /** Bytes that events held and asked for may take, at the moment; one event may always come. */
  budget(): number
  /** The service has accepted the link. */
  onOpen?(): void
  /**
   * The reader has ended by itself: nothing more comes. Told at once, also while nobody waits. Called once at most, not
   * after `close()`.
   */
  onEnd(error: Error): void
}

/** Events in order. */
export interface EventChunk {
  readonly events: readonly ReceivedEvent[]
  /** The newest sequence number in the partition as far as the service has told. */
  readonly lastEnqueued: number | undefined
}

/** One link to one partition, opened when it is made. */
export interface PartitionReader {
  /** The link: `ended` when the service, or the connection, has ended it. */
  readonly state: 'opening' | 'open' | 'ended' | 'closed'
  /**
   * Waits until there is an event, and gives what has come. Calling it tells that what it gave before is done with, for
   * which others are asked for. Not to be called again before it has settled. Undefined once closed; rejects with what
   * ended the reader, when all that came before is taken.
   */
  next(): Promise<EventChunk | undefined>
  /**
   * The events that have come since, `limit` events at most: it joins what `next` gave, of which nothing is done with.
   */
  more(limit: number): EventChunk | undefined
  /** Ends the link and forgets what has come. */
  close(): Promise<void>
}

/** Kinds of sender: they differ in what they do about a transfer that is sent again. */
export interface SenderKind {
  /** A transfer whose acknowledgement was lost, sent again, leaves one copy. */
  readonly idempotent: boolean
}

/** The number of connections. */
export interface ConnectionCounts {
  /** Open now. */
  readonly open: number
  /** Opened so far. */
  readonly opened: number
  /** Of those opened, the ones that were not closed from here. */
  readonly lost: number
}

export interface EventHubsTransport {
  readonly address: NamespaceAddress
  /**
   * Opens a connection and authenticates, without needing any event hub: name resolution, TCP/TLS, AMQP open, token.
   * What a client's `connect()` calls.
   */
  verify(options?: OperationOptions): Promise<void>
  getEventHubProperties(eventHubName: string, options?: OperationOptions): Promise<EventHubProperties>
  getPartitionProperties(
    eventHubName: string,
    partitionId: string,
    options?: OperationOptions,
  ): Promise<PartitionProperties>
  /** Sends to one partition, over a link that is opened with the first use. */
  openSender(eventHubName: string, partitionId: string, options: SenderKind): EventSender
  openReader(options: ReaderOptions): PartitionReader
  /** The connections at the moment, but for those that `verify` opens. */
  connections(): ConnectionCounts
  /** Closes every link and connection. Calls in progress reject. May be called again. */
  close(): Promise<void>
}
