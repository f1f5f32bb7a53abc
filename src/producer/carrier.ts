import { encodedSize, envelopeSize } from '../eventhubs/sending/encoding.js'
import type { EventBatch, EventHubsTransport } from '../eventhubs/transport.js'
import type { OutgoingEvent } from '../translate/event.js'

/** How batches get to one partition. */
export interface Carrier {
  /** An empty batch, with the link's size limit. */
  open(signal: AbortSignal): Promise<EventBatch>
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
    send: (batch, abortSignal) => transport.sendBatch(topic, batch, { abortSignal }),
    close: () => Promise.resolve(),
  }
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
    send: (batch, abortSignal) => sender.send((batch as Gathering).events, { abortSignal }),
    close: () => sender.close(),
  }
}

/** Events that fit into one transfer. The SDK encodes them when it sends. */
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
    const start = this.count === 0 ? envelopeSize(event) : this.sizeInBytes
    const end = start + encodedSize(event, true)
    if (end > this.maxSizeInBytes) return false
    this.events.push(event)
    this.sizeInBytes = end
    return true
  }
}
