import type { Topics } from '../client/topics.js'
import type { RecordMetadata } from '../types/index.js'
import { createDeferred, type Deferred } from '../util/deferred.js'
import { Posting, type PostingOptions } from './posting.js'
import {
  type Consignment,
  type Partitioner,
  refuseTooLarge,
  route,
  type TopicLoad,
  UnknownPartition,
} from './routing.js'
import { Topic, type TopicContext } from './topic.js'

/**
 * Takes postings in and lets each go to the partitions' senders as soon as all of its topics are known. One that has to
 * wait holds back later ones with a topic in common, and no others: order holds from the call on.
 */
export class Outbox {
  readonly #context: TopicContext
  readonly #partitions: Topics
  readonly #partitioner: Partitioner
  readonly #topics = new Map<string, Topic>()
  #waiting: Posting[] = []
  /** Topics of those that wait. */
  readonly #held = new Set<Topic>()
  /** Topics that something is being learnt of. */
  readonly #learning = new Set<Topic>()
  #isDrainDue = false
  #underWay = 0
  #idle: Deferred<void> | undefined

  constructor(context: TopicContext, partitions: Topics, partitioner: Partitioner) {
    this.#context = context
    this.#partitions = partitions
    this.#partitioner = partitioner
  }

  topic(name: string): Topic {
    let topic = this.#topics.get(name)
    if (!topic) {
      topic = new Topic(name, this.#partitions.of(name), this.#context)
      this.#topics.set(name, topic)
    }
    return topic
  }

  /** Resolves when everything is stored; rejects with the first partition's failure. */
  post(loads: readonly TopicLoad[], options: PostingOptions): Promise<RecordMetadata[]> {
    const posting = new Posting(loads, options, this.#context.logger, this.#onFinished)
    this.#underWay++
    if (options.prepared) {
      const prepared = options.prepared.then(() => {
        posting.isPrepared = true
      })
      this.#after(prepared, (error) => posting.reject(error))
    }
    if (this.#isHeldBack(posting, this.#held) || !this.#advance(posting)) this.#hold(posting)
    return posting.result
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

  /** Resolves when nothing that was posted is waiting or under way. */
  async drained(): Promise<void> {
    while (this.#underWay > 0) {
      this.#idle ??= createDeferred()
      await this.#idle.promise
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic.close()))
  }

  readonly #onFinished = (): void => {
    this.#underWay--
    if (this.#underWay > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  #hold(posting: Posting): void {
    this.#waiting.push(posting)
    for (const { topic } of posting.loads) this.#held.add(topic)
  }

  #isHeldBack({ loads }: Posting, held: ReadonlySet<Topic>): boolean {
    return held.size > 0 && loads.some(({ topic }) => held.has(topic))
  }

  /** Lets go what can, oldest first. */
  #drain(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#held.clear()
    for (const posting of waiting) {
      if (posting.isSettled) continue
      if (this.#isHeldBack(posting, this.#held) || !this.#advance(posting)) this.#hold(posting)
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
    setImmediate(() => {
      this.#isDrainDue = false
      this.#drain()
    })
  }

  /**
   * What can't be learnt of a topic fails what has waited for as long as it was tried; the rest tries again. False when
   * something else is being learnt of it: that is waited for first.
   */
  #learn(topic: Topic, work: () => Promise<void>): boolean {
    if (this.#learning.has(topic)) return false
    this.#learning.add(topic)
    const since = performance.now()
    const learnt = work().finally(() => this.#learning.delete(topic))
    this.#after(learnt, (error) => {
      for (const posting of this.#waiting) {
        if (posting.postedAt <= since && posting.loads.some((load) => load.topic === topic)) posting.reject(error)
      }
    })
    return true
  }

  /** Takes the posting as far as it goes now; true when it has left, or failed. */
  #advance(posting: Posting): boolean {
    try {
      if (!posting.isPrepared || !this.#isRouted(posting)) return false
      const consignments = posting.consignments ?? []
      if (!this.#isMeasured(posting, consignments)) return false
      posting.letGo(consignments)
    } catch (error) {
      posting.reject(error)
    }
    return true
  }

  #isRouted(posting: Posting): boolean {
    if (posting.consignments) return true
    const { loads, postedAt, options } = posting
    const unknown = loads.filter(({ topic }) => !topic.isKnown(postedAt))
    for (const { topic } of unknown) this.#learn(topic, () => topic.load())
    if (unknown.length > 0) return false
    const { timeout } = options
    const routed = route(loads, this.#partitioner, { lane: timeout, timeout })
    if (!(routed instanceof UnknownPartition)) {
      posting.consignments = routed
      return true
    }
    // It may have been added since the topic was looked at.
    if (posting.hasSearchedPartition) throw routed.toError()
    posting.hasSearchedPartition = this.#learn(routed.topic, () => routed.topic.load())
    return false
  }

  /** Whether every message is known to fit into a transfer. One that does not is found before anything is sent. */
  #isMeasured(posting: Posting, consignments: readonly Consignment[]): boolean {
    if (posting.options.acks === 0) return true
    let isKnown = true
    for (const [index, { topic, shipment }] of consignments.entries()) {
      if (topic.limit !== undefined) continue
      isKnown = false
      // By topic and then by partition: one look per topic.
      if (consignments[index - 1]?.topic !== topic) this.#learn(topic, () => topic.learnLimit(shipment.partition))
    }
    if (isKnown) refuseTooLarge(consignments)
    return isKnown
  }
}
