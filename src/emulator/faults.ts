import {
  type Access,
  type FaultFilter,
  fits,
  fitsKafka,
  type KafkaAccess,
  type KafkaErrorOptions,
} from './fault-filter.js'
import { createRule, type Fault, firstStruck, type Rule } from './fault-rules.js'
import type { Namespace } from './model/namespace.js'
import type { Partition } from './model/partition.js'
import { createRandom } from './random.js'

/** The error that is answered when something is refused. @public */
export interface FaultError {
  /** AMQP error condition. Default `amqp:link:detach-forced`. */
  condition?: string
  /** Default: a sentence that says that the fault was scripted. */
  description?: string
}

/** Options of `loseDispositions`: how many acknowledgements are lost, and what the client sees instead. @public */
export interface LoseDispositionsOptions extends FaultFilter {
  /** The number of times. Default: every one, until cleared. */
  times?: number
  /** Chance of each to be lost, 0 to 1, drawn from a generator with `seed`. Default 1. */
  probability?: number
  /** Default 1. The same seed loses the same ones. */
  seed?: number
  /**
   * Effect in place of the acknowledgement. Default `connection`: the connection breaks. `link`: the link is
   * detached with `amqp:link:detach-forced`. `nothing`: the client waits for its own time-out.
   */
  effect?: 'connection' | 'link' | 'nothing'
}

/**
 * Faults to be scripted: what goes wrong in a cloud, at will. Each is deterministic and strikes only what its filter names.
 * @public
 */
export interface EmulatorFaults {
  /** Breaks every connection, AMQP and Kafka, without a goodbye. Resolves with how many, when all are gone. */
  dropConnections(): Promise<number>
  /** Detaches the links that fit, now. Resolves with how many. */
  detachLinks(options?: FaultFilter & FaultError): Promise<number>
  /** Refuses links that are about to attach. `times`: how many. Default: every one, until cleared. */
  refuseAttach(options?: FaultFilter & FaultError & { times?: number }): Fault
  /**
   * Rejects transfers with `com.microsoft:server-busy`, for `forMs` milliseconds or `times` transfers, whichever ends
   * first. Default: until cleared. Kafka clients wait for their answer until it ends; when that is longer than they would
   * wait, a Produce is refused with POLICY_VIOLATION and a Fetch finds nothing.
   */
  throttle(options?: FaultFilter & { forMs?: number; times?: number }): Fault
  /** Stores at once and acknowledges `ms` milliseconds later. Default: every transfer, until cleared. */
  delayDispositions(options: FaultFilter & { ms: number; times?: number }): Fault
  /** Stores transfers without acknowledging them: what a client can't tell from a failure. */
  loseDispositions(options?: LoseDispositionsOptions): Fault
  /**
   * Every token presented so far is over: the links it allowed are dropped, a Kafka connection ends with its next request.
   * Resolves with how many.
   */
  expireTokens(): Promise<number>
  /**
   * Nothing goes into or out of a partition: transfers stay unacknowledged, readers get nothing. Returns the function that
   * ends it; what waited then proceeds. Throws a `RangeError` when there is no such partition.
   */
  freeze(options: { hub: string; partition: string | number }): () => void
  /**
   * Another reader takes a partition with a higher epoch (default: the highest plus one), which disconnects the ones there
   * and keeps lower ones out, in a consumer group (default `$Default`). Returns the function that makes it leave. Throws a
   * `RangeError` when there is no such partition.
   */
  stealEpoch(options: { hub: string; partition: string | number; group?: string; epoch?: number }): () => void
  /** Answers requests of the Kafka endpoint, or their parts, with an error, without doing what they ask. */
  kafkaError(options: KafkaErrorOptions): Fault
  /** Makes the members of a Kafka group join anew. Throws a `RangeError` when it has none. */
  rebalance(groupId: string): void
  /**
   * Ends the session of one member of a Kafka group, or of all. Returns how many. Throws a `RangeError` when there is no such
   * member.
   */
  expireMember(groupId: string, memberId?: string): number
  /** Ends every fault, frozen partitions and stolen epochs included. */
  clear(): void
}

/** The part of a connection that faults act on. */
export interface FaultyConnection {
  drop(): Promise<void>
  expireTokens(): number
  /** Ends the links that fit. Returns how many; a protocol without links has none. */
  detachLinks?(filter: FaultFilter, error: Required<FaultError>): number
}

/** The groups of the Kafka head, as far as faults act on them. */
export interface FaultyGroups {
  rebalance(groupId: string): boolean
  expire(groupId: string, memberId?: string): number
}

/** Faults in force; links ask it at the points where they can strike. */
export class Faults implements EmulatorFaults {
  #namespace: Namespace
  #connections: ReadonlySet<FaultyConnection>
  #refusals = new Map<Rule, Required<FaultError>>()
  /** Each with the time it ends, by the monotonic clock. */
  #throttles = new Map<Rule, number>()
  #delays = new Map<Rule, number>()
  #losses = new Map<Rule, 'connection' | 'link' | 'nothing'>()
  #kafkaErrors = new Map<Rule<KafkaAccess>, number>()
  #releases = new Set<() => void>()
  #groups: () => FaultyGroups | undefined

  constructor(options: {
    namespace: Namespace
    connections: ReadonlySet<FaultyConnection>
    /** Undefined as long as no Kafka client has come. */
    groups?: () => FaultyGroups | undefined
  }) {
    this.#namespace = options.namespace
    this.#connections = options.connections
    this.#groups = options.groups ?? (() => undefined)
  }

  async dropConnections(): Promise<number> {
    const connections = [...this.#connections]
    await Promise.all(connections.map((connection) => connection.drop()))
    return connections.length
  }

  async detachLinks(options: FaultFilter & FaultError = {}): Promise<number> {
    return [...this.#connections].reduce(
      (sum, connection) => sum + (connection.detachLinks?.(options, scripted(options)) ?? 0),
      0,
    )
  }

  refuseAttach(options: FaultFilter & FaultError & { times?: number } = {}): Fault {
    const rule: Rule = createRule(named(options), {
      times: options.times,
      remove: () => this.#refusals.delete(rule),
    })
    this.#refusals.set(rule, scripted(options))
    return rule
  }

  throttle(options: FaultFilter & { forMs?: number; times?: number } = {}): Fault {
    const { forMs, times } = options
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + forMs
    const rule: Rule = createRule(named(options), { times, until, remove: () => this.#throttles.delete(rule) })
    this.#throttles.set(rule, until)
    return rule
  }

  delayDispositions(options: FaultFilter & { ms: number; times?: number }): Fault {
    const rule: Rule = createRule(named(options), {
      times: options.times,
      remove: () => this.#delays.delete(rule),
    })
    this.#delays.set(rule, options.ms)
    return rule
  }

  loseDispositions(options: LoseDispositionsOptions = {}): Fault {
    const { times, probability = 1, seed = 1, effect = 'connection' } = options
    const random = createRandom(seed)
    const rule: Rule = createRule(named(options), {
      times,
      chance: () => random() < probability,
      remove: () => this.#losses.delete(rule),
    })
    this.#losses.set(rule, effect)
    return rule
  }

  async expireTokens(): Promise<number> {
    return [...this.#connections].reduce((sum, connection) => sum + connection.expireTokens(), 0)
  }

  freeze(options: { hub: string; partition: string | number }): () => void {
    return this.#untilReleased(this.#partition(options).freeze())
  }

  stealEpoch(options: { hub: string; partition: string | number; group?: string; epoch?: number }): () => void {
    const { group = '$Default' } = options
    const readers = this.#partition(options).readersOf(group)
    const highest = readers.all.reduce((most, { epoch = -1 }) => Math.max(most, epoch), -1)
    const thief = { name: 'thief', epoch: options.epoch ?? highest + 1, disconnect: () => {} }
    readers.add(thief)
    return this.#untilReleased(() => readers.remove(thief))
  }

  kafkaError(options: KafkaErrorOptions): Fault {
    const rule: Rule<KafkaAccess> = createRule((access: KafkaAccess) => fitsKafka(access, options), {
      times: options.times,
      remove: () => this.#kafkaErrors.delete(rule),
    })
    this.#kafkaErrors.set(rule, options.code)
    return rule
  }

  rebalance(groupId: string): void {
    if (!this.#groups()?.rebalance(groupId)) throw new RangeError(`The Kafka group '${groupId}' has no members`)
  }

  expireMember(groupId: string, memberId?: string): number {
    const expired = this.#groups()?.expire(groupId, memberId) ?? 0
    if (expired === 0) throw new RangeError(`The Kafka group '${groupId}' has no ${memberId ?? 'member'}`)
    return expired
  }

  clear(): void {
    for (const rules of [this.#refusals, this.#throttles, this.#delays, this.#losses, this.#kafkaErrors]) rules.clear()
    for (const release of [...this.#releases]) release()
  }

  /** The refusal of a link that is about to attach, if it is. */
  refusalOf(target: Access): Required<FaultError> | undefined {
    return firstStruck(this.#refusals, target)
  }

  /** True for a transfer that is refused because the service is busy. */
  throttles(target: Access): boolean {
    return firstStruck(this.#throttles, target) !== undefined
  }

  /** The time an access is throttled, ms; infinity for one that no time ends. */
  throttleMsOf(target: Access): number {
    const until = firstStruck(this.#throttles, target)
    return until === undefined ? 0 : until - performance.now()
  }

  /** The error that a part of a Kafka request is answered with, if any. */
  kafkaErrorOf(target: KafkaAccess): number | undefined {
    return firstStruck(this.#kafkaErrors, target)
  }

  /** The wait before a stored transfer is acknowledged, ms. */
  dispositionDelayOf(target: Access): number {
    return firstStruck(this.#delays, target) ?? 0
  }

  /** The loss in place of the acknowledgement of a stored transfer; undefined: nothing is lost. */
  lossOf(target: Access): 'connection' | 'link' | 'nothing' | undefined {
    return firstStruck(this.#losses, target)
  }

  #partition({ hub, partition }: { hub: string; partition: string | number }): Partition {
    const found = this.#namespace.getEventHub(hub)?.partition(String(partition))
    if (!found) throw new RangeError(`There is no partition ${partition} of '${hub}'`)
    return found
  }

  #untilReleased(release: () => void): () => void {
    const once = () => {
      if (this.#releases.delete(once)) release()
    }
    this.#releases.add(once)
    return once
  }
}

const named = (filter: FaultFilter) => (access: Access) => fits(access, filter)

function scripted({ condition = 'amqp:link:detach-forced', description }: FaultError): Required<FaultError> {
  return { condition, description: description ?? 'A fault that was scripted in the emulator.' }
}
