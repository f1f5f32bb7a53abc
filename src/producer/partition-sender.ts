import type { KafkaJSProtocolError } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventBatch } from '../eventhubs/transport.js'
import type { Requests } from '../instrumentation/events.js'
import { type RetrySettings, retry } from '../retry/retry.js'
import type { Logger } from '../types/index.js'
import { withDeadline } from '../util/deadline.js'
import type { Carrier } from './carrier.js'
import { Queue } from './queue.js'
import type { Shipment } from './shipment.js'

export interface PartitionSenderOptions {
  readonly topic: string
  readonly partition: number
  readonly broker: string
  readonly carrier: Carrier
  readonly requests: Requests
  readonly retry: RetrySettings
  /** 1 keeps the order of messages also when a transfer has to be repeated. */
  readonly maxInFlight: number
  readonly logger: Logger
  /** Told of each failed attempt. */
  onFailure(error: Error): void
}

/** One transfer: a batch and whose events are in it. */
interface Parcel {
  readonly batch: EventBatch
  readonly contents: readonly { readonly shipment: Shipment; readonly count: number }[]
  readonly timeout: number | undefined
}

/**
 * Sends to one partition, in the order things were handed in. While a transfer is under way, what arrives waits and goes
 * with the next, up to the link's size limit: no timer, and under load few transfers. A transfer that fails is repeated
 * before anything behind it leaves.
 */
export class PartitionSender {
  readonly #options: PartitionSenderOptions
  readonly #queue = new Queue<Shipment>()
  #transfers = 0
  #isPacking: boolean = false

  constructor(options: PartitionSenderOptions) {
    this.#options = options
  }

  enqueue(shipment: Shipment): void {
    this.#queue.push(shipment)
    this.#pump()
  }

  /** Bytes of the largest transfer. Opens the link if need be. */
  async limit(): Promise<number> {
    const { carrier, requests, broker } = this.#options
    const batch = await this.#retry(() => requests.run('ApiVersions', broker, (signal) => carrier.open(signal)))
    return batch.maxSizeInBytes
  }

  close(): Promise<void> {
    return this.#options.carrier.close()
  }

  #pump(): void {
    if (this.#isPacking || this.#queue.size === 0 || this.#transfers >= this.#options.maxInFlight) return
    this.#isPacking = true
    this.#transfers++
    void this.#transfer()
  }

  async #transfer(): Promise<void> {
    const { requests, broker, carrier } = this.#options
    const waitingAtStart = this.#queue.size
    let parcel: Parcel | undefined

    const attempt = async (signal: AbortSignal): Promise<void> => {
      if (!parcel) {
        const batch = await carrier.open(signal)
        signal.throwIfAborted()
        parcel = this.#pack(batch)
        this.#donePacking()
      }
      if (parcel.contents.length > 0) await this.#send(parcel, signal)
    }

    try {
      await this.#retry(() => requests.run('Produce', broker, attempt, { size: () => parcel?.batch.sizeInBytes ?? 0 }))
      for (const { shipment, count } of parcel?.contents ?? []) shipment.stored(count)
    } catch (error) {
      if (parcel) for (const { shipment } of parcel.contents) shipment.failed(error)
      // The link does not open: what has been waiting as long as the attempts lasted fails with it.
      else for (let index = 0; index < waitingAtStart; index++) this.#queue.shift()?.failed(error)
    } finally {
      this.#transfers--
      if (parcel) this.#pump()
      else this.#donePacking()
    }
  }

  #donePacking(): void {
    this.#isPacking = false
    this.#pump()
  }

  #retry<T>(operation: () => Promise<T>): Promise<T> {
    const { retry: settings, logger, topic, partition, onFailure } = this.#options
    return retry(
      async () => {
        try {
          return await operation()
        } catch (error) {
          onFailure(error as Error)
          throw error
        }
      },
      settings,
      {
        onRetry(error, { retryCount, retryTime }) {
          logger.error(`Failed to send messages: ${error.message}`, { topic, partition, retryCount, retryTime })
        },
      },
    )
  }

  /** Fills the batch from the queue. Nothing is awaited here: order is the order of the queue. */
  #pack(batch: EventBatch): Parcel {
    const contents: { shipment: Shipment; count: number }[] = []
    for (let shipment = this.#queue.first; shipment; shipment = this.#queue.first) {
      if (shipment.isOver) {
        this.#queue.shift()
        continue
      }
      if (contents[0] && contents[0].shipment.lane !== shipment.lane) break
      const count = this.#fill(batch, shipment)
      if (count > 0) contents.push({ shipment, count })
      else if (batch.count === 0) shipment.failed(this.#tooLarge(batch))
      if (shipment.nextToPack && !shipment.isOver) break
      this.#queue.shift()
    }
    return { batch, contents, timeout: contents[0]?.shipment.timeout }
  }

  #fill(batch: EventBatch, shipment: Shipment): number {
    let count = 0
    for (let event = shipment.nextToPack; event; event = shipment.nextToPack) {
      if (!batch.tryAdd(event)) break
      shipment.packed()
      count++
    }
    return count
  }

  #tooLarge({ maxSizeInBytes }: EventBatch): KafkaJSProtocolError {
    return messageTooLarge(this.#options.topic, this.#options.partition, maxSizeInBytes)
  }

  /** `timeout` is Kafka's: how long the service may take to acknowledge, where that is less than the request may. */
  async #send({ batch, timeout }: Parcel, signal: AbortSignal): Promise<void> {
    const { carrier, topic, partition } = this.#options
    if (timeout === undefined) return carrier.send(batch, signal)
    await withDeadline((limited) => carrier.send(batch, limited), {
      ms: timeout,
      signal,
      createError: () =>
        createProtocolError('REQUEST_TIMED_OUT', {
          message: `${topic} [${partition}] did not acknowledge within the timeout of ${timeout} ms`,
        }),
    })
  }
}

/** kafkajs's error for a message that no transfer can hold. */
export function messageTooLarge(topic: string, partition: number, limit: number): KafkaJSProtocolError {
  const message =
    `A message for ${topic} [${partition}] is larger than the ${limit} bytes that the event hub takes in one transfer, ` +
    'key, headers and AMQP framing included'
  return createProtocolError('MESSAGE_TOO_LARGE', { message })
}
