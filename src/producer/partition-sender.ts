import { type KafkaJSProtocolError, protocolTypeOf } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import type { EventSender } from '../eventhubs/sending/sender.js'
import type { Transfer } from '../eventhubs/sending/transfer.js'
import type { Requests } from '../instrumentation/events.js'
import { toLastError } from '../instrumentation/last-error.js'
import { type RetrySettings, retry } from '../retry/retry.js'
import type { OutgoingEvent } from '../translate/event.js'
import { isThrottled } from '../translate/throttling.js'
import type { LastError, ProducerPartitionDiagnostics } from '../types/diagnostics.js'
import type { Logger } from '../types/index.js'
import { withDeadline } from '../util/deadline.js'
import { type PartitionBatch, sizeOf } from './partition-batch.js'
import { Queue } from './queue.js'

export interface PartitionSenderOptions {
  readonly topic: string
  readonly partition: number
  readonly broker: string
  readonly sender: EventSender
  readonly requests: Requests
  readonly retry: RetrySettings
  /** 1 keeps the order of messages also when a transfer has to be repeated. */
  readonly maxInFlight: number
  readonly logger: Logger
  /** Aborted when nothing is tried any more: what is left fails. */
  readonly signal: AbortSignal
  /** Told of the largest transfer that the present link takes, bytes. */
  onLimit(limit: number): void
  /** Told of each failed attempt. */
  onFailure(error: Error): void
}

/** One request to store: a transfer and whose events are in it. */
interface ProduceRequest {
  readonly transfer: Transfer
  readonly contents: readonly { readonly batch: PartitionBatch; readonly count: number }[]
  readonly timeout: number | undefined
}

/**
 * Sends to one partition, in the order things were handed in. While a transfer is under way, what arrives waits and goes
 * with the next, up to the link's size limit: no timer, and under load few transfers. A transfer that fails is repeated
 * before anything behind it leaves.
 */
export class PartitionSender {
  readonly #options: PartitionSenderOptions
  readonly #queue = new Queue<PartitionBatch>()
  #transfers = 0
  #isPacking: boolean = false
  #retries = 0
  #throttledTime = 0
  #lastError: LastError | null = null

  constructor(options: PartitionSenderOptions) {
    this.#options = options
  }

  enqueue(batch: PartitionBatch): void {
    this.#queue.push(batch)
    this.#pump()
  }

  /** Bytes of the largest transfer. Opens the link if need be. */
  async limit(): Promise<number> {
    const { sender, requests, broker } = this.#options
    const transfer = await this.#retry(() =>
      requests.run('ApiVersions', broker, (abortSignal) => sender.newTransfer({ abortSignal })),
    )
    return transfer.maxSizeInBytes
  }

  close(): Promise<void> {
    return this.#options.sender.close()
  }

  diagnostics(): ProducerPartitionDiagnostics {
    const { topic, partition } = this.#options
    const queued = this.#queue.toArray().filter((batch) => !batch.isOver)
    return {
      topic,
      partition,
      ...sizeOf(queued),
      // One that is being packed waits for its link.
      inFlight: this.#transfers - Number(this.#isPacking),
      retries: this.#retries,
      throttledTimeInMs: this.#throttledTime,
      lastError: this.#lastError,
    }
  }

  #pump(): void {
    if (this.#isPacking || this.#queue.size === 0 || this.#transfers >= this.#options.maxInFlight) return
    this.#isPacking = true
    this.#transfers++
    void this.#transfer()
  }

  async #transfer(): Promise<void> {
    const { requests, broker, sender } = this.#options
    const waitingAtStart = this.#queue.size
    let request: ProduceRequest | undefined

    const attempt = async (abortSignal: AbortSignal): Promise<void> => {
      if (!request) {
        const transfer = await sender.newTransfer({ abortSignal })
        abortSignal.throwIfAborted()
        request = this.#pack(transfer)
        this.#donePacking()
      }
      try {
        await this.#send(request, abortSignal)
      } catch (error) {
        const smaller = await this.#smallerTransfer(request, error as Error, abortSignal)
        if (!smaller) throw error
        this.#unpack(request)
        request = this.#pack(smaller)
        await this.#send(request, abortSignal)
      }
    }

    try {
      const size = () => request?.transfer.sizeInBytes ?? 0
      await this.#retry(() => requests.run('Produce', broker, attempt, { size }))
      for (const { batch, count } of request?.contents ?? []) batch.stored(count)
    } catch (error) {
      if (request) for (const { batch } of request.contents) batch.failed(error)
      // The link does not open: what has been waiting as long as the attempts lasted fails with it.
      else for (let index = 0; index < waitingAtStart; index++) this.#queue.shift()?.failed(error)
    } finally {
      this.#transfers--
      if (request) this.#pump()
      else this.#donePacking()
    }
  }

  #donePacking(): void {
    this.#isPacking = false
    this.#pump()
  }

  #retry<T>(operation: () => Promise<T>): Promise<T> {
    const { retry: settings, logger, signal, topic, partition, onFailure } = this.#options
    return retry(
      async () => {
        try {
          return await operation()
        } catch (error) {
          this.#lastError = toLastError(error)
          onFailure(error as Error)
          throw error
        }
      },
      settings,
      {
        signal,
        onRetry: (error, { retryCount, retryTime }) => {
          this.#retries++
          if (isThrottled(error)) this.#throttledTime += retryTime
          logger.error(`Failed to send messages: ${error.message}`, { topic, partition, retryCount, retryTime })
        },
      },
    )
  }

  /**
   * Where the event hub has come to take less than when the transfer was packed, one of the size it takes now: only what is
   * too large by itself is to fail. None when that could change the order, or have something stored twice.
   */
  async #smallerTransfer({ transfer }: ProduceRequest, error: Error, abortSignal: AbortSignal) {
    const { maxInFlight, sender } = this.#options
    if (protocolTypeOf(error) !== 'MESSAGE_TOO_LARGE' || maxInFlight > 1 || transfer.isNumbered) return undefined
    const next = await sender.newTransfer({ abortSignal })
    return next.maxSizeInBytes < transfer.maxSizeInBytes ? next : undefined
  }

  /** Puts back what is in the transfer. */
  #unpack({ contents }: ProduceRequest): void {
    for (const { batch, count } of [...contents].reverse()) {
      batch.unpacked(count)
      if (this.#queue.first !== batch) this.#queue.unshift(batch)
    }
  }

  /** Fills the transfer from the queue. Nothing is awaited here: order is the order of the queue. */
  #pack(transfer: Transfer): ProduceRequest {
    this.#options.onLimit(transfer.maxSizeInBytes)
    const contents: { batch: PartitionBatch; count: number }[] = []
    for (let batch = this.#queue.first; batch; batch = this.#queue.first) {
      if (batch.isOver) {
        this.#queue.shift()
        continue
      }
      if (contents[0] && contents[0].batch.joinKey !== batch.joinKey) break
      const count = this.#fill(transfer, batch)
      if (count > 0) contents.push({ batch, count })
      else if (transfer.count === 0) batch.failed(this.#tooLarge(transfer))
      if (!batch.isPacked && !batch.isOver) break
      this.#queue.shift()
    }
    return { transfer, contents, timeout: contents[0]?.batch.timeout }
  }

  #fill(transfer: Transfer, batch: PartitionBatch): number {
    const { events, sizes, packedCount } = batch
    let index = packedCount
    if (events.length - packedCount > 1) transfer.reserve(batch.unpackedSize)
    while (index < events.length && transfer.tryAdd(events[index] as OutgoingEvent, sizes[index] as number)) index++
    batch.packed(index - packedCount)
    return index - packedCount
  }

  #tooLarge({ maxSizeInBytes }: Transfer): KafkaJSProtocolError {
    return messageTooLarge(this.#options.topic, this.#options.partition, maxSizeInBytes)
  }

  /** `timeout` is Kafka's: how long the service may take to acknowledge, where that is less than the request may. */
  async #send({ transfer, contents, timeout }: ProduceRequest, signal: AbortSignal): Promise<void> {
    if (contents.length === 0) return
    const { sender, topic, partition } = this.#options
    if (timeout === undefined) return sender.send(transfer, { abortSignal: signal })
    await withDeadline((abortSignal) => sender.send(transfer, { abortSignal }), {
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
