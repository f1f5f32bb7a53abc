import type { EventBatch, EventHubsTransport, OutgoingEvent } from '../eventhubs/transport.js'
import { sizeBounds } from './event-size.js'

/** How batches get to one partition. */
export interface Carrier {
  /** An empty batch, with the link's size limit. */
  open(signal: AbortSignal): Promise<EventBatch>
  /** Whether one event fits into a transfer of its own, by its encoded size. */
  fits(event: OutgoingEvent, signal: AbortSignal): Promise<boolean>
  /** Resolves when the batch is stored. The same one may be sent again after a failure. */
  send(batch: EventBatch, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface CarrierOptions {
  readonly transport: EventHubsTransport
  readonly topic: string
  readonly partitionId: string
}

/** At least once: a batch whose acknowledgement was lost is stored again when it is sent again. */
export function createCarrier({ transport, topic, partitionId }: CarrierOptions): Carrier {
  return {
    open: (abortSignal) => transport.createBatch(topic, partitionId, { abortSignal }),
    async fits(event, abortSignal) {
      return (await transport.createBatch(topic, partitionId, { abortSignal })).tryAdd(event)
    },
    send: (batch, abortSignal) => transport.sendBatch(topic, batch, { abortSignal }),
    close: () => Promise.resolve(),
  }
}

/** As large as those that the SDK adds when it publishes. */
const publishingAnnotations = {
  'com.microsoft:producer-epoch': 0x7fff,
  'com.microsoft:producer-id': 2 ** 52,
  'com.microsoft:producer-sequence-number': 0x7fffffff,
}

/** Once: the service knows a batch that is sent again by its sequence numbers. */
export function createIdempotentCarrier({ transport, topic, partitionId }: CarrierOptions): Carrier {
  const sender = transport.openIdempotentSender(topic, partitionId)
  let limit: number | undefined
  return {
    async open(abortSignal) {
      limit ??= (await transport.createBatch(topic, partitionId, { abortSignal })).maxSizeInBytes
      return new Gathering(limit)
    },
    async fits(event, abortSignal) {
      const batch = await transport.createBatch(topic, partitionId, { abortSignal })
      return batch.tryAdd({ ...event, messageAnnotations: { ...event.messageAnnotations, ...publishingAnnotations } })
    },
    send: (batch, abortSignal) => sender.send((batch as Gathering).events, { abortSignal }),
    close: () => sender.close(),
  }
}

/** Events that will fit into one transfer, whatever their exact encoding. */
class Gathering implements EventBatch {
  readonly events: OutgoingEvent[] = []
  readonly maxSizeInBytes: number
  sizeInBytes = 0

  constructor(maxSizeInBytes: number) {
    this.maxSizeInBytes = maxSizeInBytes
  }

  get count(): number {
    return this.events.length
  }

  tryAdd(event: OutgoingEvent): boolean {
    const size = sizeBounds(event).inBatch
    // One alone is let through: whether it fits is the link's to say.
    if (this.count > 0 && this.sizeInBytes + size > this.maxSizeInBytes) return false
    this.events.push(event)
    this.sizeInBytes += size
    return true
  }
}
