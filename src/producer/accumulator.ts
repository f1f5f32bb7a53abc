import { setMaxListeners } from 'node:events'
import type { Topics } from '../client/topics.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { toError } from '../errors/thrown.js'
import { topicKey } from '../translate/names.js'
import type { ProducerDiagnostics } from '../types/diagnostics.js'
import type { RecordMetadata } from '../types/index.js'
import { createDeferred, type Deferred } from '../util/deferred.js'
import { soon } from '../util/timers.js'
import { isWithin } from '../util/within.js'
import { PendingSend, type PendingSendOptions } from './pending-send.js'
import {
  type Partitioner,
  type RoutedBatch,
  refuseTooLarge,
  route,
  type TopicRequest,
  UnknownPartition,
} from './routing.js'
import { Topic, type TopicContext } from './topic.js'

/**
 * Takes sends in and lets each go to the partitions' senders as soon as all of its topics are known. One that has to
 * wait holds back later ones with a topic in common, and no others: order holds from the call on.
 */
export class Accumulator {
  readonly #context: Omit<TopicContext, 'signal'>
  readonly #partitions: Topics
  readonly #partitioner: Partitioner
  /** By every spelling: those of one event hub lead to one topic, for the sake of order. */
  readonly #topics = new Map<string, Topic>()
  #waiting: PendingSend[] = []
  /** Topics of those that wait. */
  readonly #held = new Set<Topic>()
  /** Topics that something is being learnt of. */
  readonly #learning = new Set<Topic>()
  /** Aborted when nothing is tried any more. */
  readonly #abandonment = new AbortController()
  #isDrainDue = false
  #underWay = 0
  #idle: Deferred<void> | undefined

  constructor(context: Omit<TopicContext, 'signal'>, partitions: Topics, partitioner: Partitioner) {
    this.#context = context
    // Every partition that waits to try again listens.
    setMaxListeners(0, this.#abandonment.signal)
    this.#partitions = partitions
    this.#partitioner = partitioner
  }

  topic(name: string): Topic {
    return this.#topics.get(name) ?? this.#enter(name)
  }

  /** Resolves when everything is stored; rejects with the first partition's failure. */
  add(requests: readonly TopicRequest[], options: PendingSendOptions): Promise<RecordMetadata[]> {
    const pending = new PendingSend(requests, options, this.#context.logger, this.#onFinished)
    this.#underWay++
    if (options.prepared) {
      const prepared = options.prepared.then(() => {
        pending.isPrepared = true
      })
      this.#after(prepared, (error) => pending.reject(error))
    }
    if (this.#isHeldBack(pending, this.#held) || !this.#advance(pending)) this.#hold(pending)
    return pending.result
  }

  #enter(name: string): Topic {
    const key = topicKey(name)
    const topic = this.#topics.get(key) ?? this.#newTopic(name)
    this.#topics.set(key, topic).set(name, topic)
    return topic
  }

  #newTopic(name: string): Topic {
    return new Topic(name, this.#partitions.of(name), { ...this.#context, signal: this.#abandonment.signal })
  }

  /** Runs something that `drained` is to wait for as well. */
  async include<T>(operation: () => Promise<T>): Promise<T> {
    this.#underWay++
    try {
      return await operation()
    } finally {
      this.#onFinished()
    }
  }

  /** Resolves when nothing that was taken in is waiting or under way. */
  async drained(): Promise<void> {
    while (this.#underWay > 0) {
      this.#idle ??= createDeferred()
      await this.#idle.promise
    }
  }

  /** Waits for what was taken in, at most so long, ms: what is not stored by then fails. Then closes the links. */
  async close(ms: number): Promise<void> {
    if (!(await isWithin(this.drained(), ms))) {
      const message = `The producer was disconnected before the messages were stored, for which it waited ${ms} ms`
      const error = new KafkaJSNonRetriableError(message)
      this.#context.logger.warn(message, { sends: this.#underWay })
      this.#abandonment.abort(error)
      for (const pending of this.#waiting) pending.reject(error)
    }
    await Promise.all([...new Set(this.#topics.values())].map((topic) => topic.close()))
  }

  /** The partitions that were sent to, and the sums over them and over what waits to be given to one. */
  diagnostics(): Omit<ProducerDiagnostics, 'id' | 'isIdempotent' | 'connection'> {
    const partitions = [...new Set(this.#topics.values())].flatMap((topic) => topic.diagnostics())
    const { idempotent } = this.#context.settings
    const parts = [...this.#waiting.map((pending) => pending.queued(idempotent)), ...partitions]
    const sum = (field: 'queuedMessages' | 'queuedBytes') => parts.reduce((total, part) => total + part[field], 0)
    const total = (field: 'inFlight' | 'retries' | 'throttledTimeInMs') =>
      partitions.reduce((whole, part) => whole + part[field], 0)
    return {
      queuedMessages: sum('queuedMessages'),
      queuedBytes: sum('queuedBytes'),
      inFlight: total('inFlight'),
      retries: total('retries'),
      throttledTimeInMs: total('throttledTimeInMs'),
      partitions,
    }
  }

  readonly #onFinished = (): void => {
    this.#underWay--
    if (this.#underWay > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #hold(pending: PendingSend): void {
    this.#waiting.push(pending)
    for (const { topic } of pending.requests) this.#held.add(topic)
  }

  #isHeldBack({ requests }: PendingSend, held: ReadonlySet<Topic>): boolean {
    return held.size > 0 && requests.some(({ topic }) => held.has(topic))
  }

  /** Lets go what can, oldest first. */
  #drain(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#held.clear()
    for (const pending of waiting) {
      if (pending.isSettled) continue
      if (this.#isHeldBack(pending, this.#held) || !this.#advance(pending)) this.#hold(pending)
    }
  }

  /** Looks at all that wait when the work is done; what to do when it fails is the caller's. */
  #after(work: Promise<void>, onFailure: (error: unknown) => void): void {
    work.catch(onFailure).then(
      () => this.#drainSoon(),
      (error: unknown) => this.#context.logger.error(`Failed to let waiting messages go: ${String(error)}`),
    )
  }

  /** Once for all that has become ready meanwhile: each look is at all that wait. */
  #drainSoon(): void {
    if (this.#isDrainDue) return
    this.#isDrainDue = true
    soon(() => {
      this.#isDrainDue = false
      this.#drain()
    })
  }

  /**
   * Learns of a topic. What can't be learnt fails what has waited for as long as it was tried; the rest tries again.
   * False when something else is being learnt of it: that is waited for first.
   */
  #learn(topic: Topic, work: () => Promise<void>): boolean {
    if (this.#learning.has(topic)) return false
    this.#learning.add(topic)
    const since = performance.now()
    const learnt = work().finally(() => this.#learning.delete(topic))
    this.#after(learnt, (error) => {
      for (const pending of this.#waiting) {
        if (pending.since <= since && pending.requests.some((request) => request.topic === topic)) pending.reject(error)
      }
    })
    return true
  }

  /** Takes one as far as it goes now; true when it has left, or failed. */
  #advance(pending: PendingSend): boolean {
    try {
      if (!pending.isPrepared || !this.#isRouted(pending)) return false
      const batches = pending.batches ?? []
      if (!this.#isMeasured(pending, batches)) return false
      pending.letGo(batches)
    } catch (thrown) {
      // A partitioner may throw anything.
      pending.reject(toError(thrown))
    }
    return true
  }

  #isRouted(pending: PendingSend): boolean {
    if (pending.batches) return true
    const { requests, since, options } = pending
    const unknown = requests.filter(({ topic }) => !topic.isKnown(since))
    for (const { topic } of unknown) this.#learn(topic, () => topic.load())
    if (unknown.length > 0) return false
    const { timeout } = options
    const { idempotent } = this.#context.settings
    const routed = route(requests, this.#partitioner, { joinKey: timeout, timeout, idempotent })
    if (!(routed instanceof UnknownPartition)) {
      pending.batches = routed
      return true
    }
    // It may have been added since the topic was looked at.
    if (pending.hasSearchedPartition) throw routed.toError()
    pending.hasSearchedPartition = this.#learn(routed.topic, () => routed.topic.load())
    return false
  }

  /** True when every message is known to fit into a transfer. One that does not is found before anything is sent. */
  #isMeasured(pending: PendingSend, batches: readonly RoutedBatch[]): boolean {
    if (pending.options.acks === 0) return true
    let isKnown = true
    for (const [index, { topic, batch }] of batches.entries()) {
      if (topic.limit !== undefined) continue
      isKnown = false
      // By topic and then by partition: one look per topic.
      if (batches[index - 1]?.topic !== topic) this.#learn(topic, () => topic.learnLimit(batch.partition))
    }
    if (isKnown) refuseTooLarge(batches)
    return isKnown
  }
}
