import { encodedSize } from '../eventhubs/sending/encoding.js'
import type { Logger, RecordMetadata } from '../types/index.js'
import { createDeferred, type Deferred } from '../util/deferred.js'
import { type BatchObserver, sizeOf } from './partition-batch.js'
import { type RoutedBatch, type TopicRequest, toRecordMetadata } from './routing.js'

export interface PendingSendOptions {
  /** 0 resolves with nothing as soon as the messages are on their way. */
  readonly acks: number
  readonly timeout: number | undefined
  /** Resolves when the events of `requests` are complete; without it they are. */
  readonly prepared?: Promise<void> | undefined
  /** Takes what would be sent, instead of its being sent. */
  readonly intercept?: ((batches: readonly RoutedBatch[]) => void) | undefined
}

/** One `send` from the call to its end. */
export class PendingSend implements BatchObserver {
  readonly requests: readonly TopicRequest[]
  readonly options: PendingSendOptions
  /** The time on the clock of `performance.now()`. */
  readonly since = performance.now()
  isPrepared: boolean
  /** The batches its messages go in, once that was decided. */
  batches: RoutedBatch[] | undefined
  /** A partition was not there, and the topic was looked at again. */
  hasSearchedPartition: boolean = false
  readonly #result: Deferred<RecordMetadata[]> = createDeferred()
  readonly #logger: Logger
  readonly #onFinished: () => void
  #outstanding = 0
  #isSettled: boolean = false

  /** `onFinished` is called when nothing of it is under way any more, which after a failure is later than that. */
  constructor(requests: readonly TopicRequest[], options: PendingSendOptions, logger: Logger, onFinished: () => void) {
    this.requests = requests
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

  /** Its messages, as long as it waits to leave. */
  queued(idempotent: boolean): { queuedMessages: number; queuedBytes: number } {
    if (this.batches) return sizeOf(this.batches.map(({ batch }) => batch))
    const events = this.requests.flatMap((request) => request.events)
    const queuedBytes = events.reduce((total, event) => total + encodedSize(event, idempotent), 0)
    return { queuedMessages: events.length, queuedBytes }
  }

  /** Fails before anything of it has left. */
  reject(error: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#result.reject(error)
    this.#onFinished()
  }

  /** Leaves: each batch goes to its partition's sender, or all to who intercepts them. */
  letGo(batches: readonly RoutedBatch[]): void {
    this.#isSettled = true
    this.#outstanding = batches.length
    const { acks, intercept } = this.options
    if (acks === 0) this.#result.resolve([])
    if (intercept || batches.length === 0) {
      intercept?.(batches)
      this.#result.resolve(toRecordMetadata(batches))
      this.#onFinished()
      return
    }
    for (const { topic, batch } of batches) {
      batch.observe(this)
      topic.sender(batch.partition).enqueue(batch)
    }
  }

  batchStored(): void {
    this.#outstanding--
    if (this.#outstanding > 0) return
    this.#result.resolve(toRecordMetadata(this.batches ?? []))
    this.#onFinished()
  }

  batchFailed(error: unknown): void {
    this.#outstanding--
    if (this.options.acks === 0) this.#logLoss(error)
    this.#result.reject(error)
    if (this.#outstanding === 0) this.#onFinished()
  }

  #logLoss(error: unknown): void {
    const { name, message } = error as Error
    const topics = this.requests.map(({ name }) => name)
    this.#logger.error(`Messages sent with acks 0 were lost: ${message}`, { topics, error: name })
  }
}
