import type { Logger, RecordMetadata } from '../types/index.js'
import { createDeferred, type Deferred } from '../util/deferred.js'
import { type Consignment, type TopicLoad, toRecordMetadata } from './routing.js'
import type { Recipient } from './shipment.js'

export interface PostingOptions {
  /** 0 resolves with nothing as soon as the messages are on their way. */
  readonly acks: number
  readonly timeout: number | undefined
  /** Resolves when the events of `loads` are complete; a posting without it has them complete. */
  readonly prepared?: Promise<void> | undefined
  /** Takes what would be sent, instead of its being sent. */
  readonly intercept?: ((consignments: readonly Consignment[]) => void) | undefined
}

/** One `send` from the call to its end. */
export class Posting implements Recipient {
  readonly loads: readonly TopicLoad[]
  readonly options: PostingOptions
  readonly postedAt = performance.now()
  isPrepared: boolean
  /** Where its messages go, once that was decided. */
  consignments: Consignment[] | undefined
  /** A partition was not there, and the topic was looked at again. */
  hasSearchedPartition: boolean = false
  readonly #result: Deferred<RecordMetadata[]> = createDeferred()
  readonly #logger: Logger
  readonly #onFinished: () => void
  #outstanding = 0
  #isSettled: boolean = false

  /** `onFinished` is called when nothing of it is under way any more, which after a failure is later than that. */
  constructor(loads: readonly TopicLoad[], options: PostingOptions, logger: Logger, onFinished: () => void) {
    this.loads = loads
    this.options = options
    this.isPrepared = options.prepared === undefined
    this.#logger = logger
    this.#onFinished = onFinished
  }

  get result(): Promise<RecordMetadata[]> {
    return this.#result.promise
  }

  /** It has left, or failed before. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Fails before anything of it has left. */
  reject(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#result.reject(error)
    this.#onFinished()
  }

  /** Leaves: each shipment goes to its partition's sender, or all to who intercepts them. */
  letGo(consignments: readonly Consignment[]): void {
    this.#isSettled = true
    this.#outstanding = consignments.length
    const { acks, intercept } = this.options
    if (acks === 0) this.#result.resolve([])
    if (intercept || consignments.length === 0) {
      intercept?.(consignments)
      this.#result.resolve(toRecordMetadata(consignments))
      this.#onFinished()
      return
    }
    for (const { topic, shipment } of consignments) {
      shipment.consign(this)
      topic.sender(shipment.partition).enqueue(shipment)
    }
  }

  shipmentStored(): void {
    this.#outstanding--
    if (this.#outstanding > 0) return
    this.#result.resolve(toRecordMetadata(this.consignments ?? []))
    this.#onFinished()
  }

  shipmentFailed(error: unknown): void {
    this.#outstanding--
    if (this.options.acks === 0) this.#logLoss(error)
    this.#result.reject(error)
    if (this.#outstanding === 0) this.#onFinished()
  }

  #logLoss(error: unknown): void {
    const { name, message } = error as Error
    const topics = this.loads.map(({ topic }) => topic.name)
    this.#logger.error(`Messages sent with acks 0 were lost: ${message}`, { topics, error: name })
  }
}
