import type { EventHub } from './model/hub.js'
import type { Namespace } from './model/namespace.js'
import type { Partition } from './model/partition.js'
import { createRandom } from './random.js'

/** Who publishes or reads where: what faults strike. */
export interface Access {
  readonly direction: 'send' | 'receive'
  readonly eventHub: EventHub
  /** Undefined for who publishes to the event hub as a whole. */
  readonly partition: Partition | undefined
  readonly consumerGroup: string | undefined
}

/** What a fault strikes; what is left out does not matter. @public */
export interface FaultFilter {
  /** Name of the event hub; case does not matter. */
  hub?: string
  /** Id of the partition. */
  partition?: string | number
  /** Name of the consumer group; only readers have one. */
  group?: string
  /** `send`: who publishes. `receive`: who reads. */
  direction?: 'send' | 'receive'
}

/** Whether a filter names an access, open or about to be. Names compare without case. */
export function fits(access: Access, filter: FaultFilter): boolean {
  const { hub, partition, group, direction } = filter
  return (
    (direction === undefined || access.direction === direction) &&
    (hub === undefined || sameName(access.eventHub.name, hub)) &&
    (partition === undefined || access.partition?.id === String(partition)) &&
    (group === undefined || sameName(access.consumerGroup ?? '', group))
  )
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** Which answers of the Kafka endpoint are an error; what is left out does not matter. @public */
export interface KafkaErrorOptions {
  /** Name of the API as the protocol has it, e.g. `Produce` or `JoinGroup`. */
  api: string
  /** Name of the event hub; case does not matter. */
  hub?: string
  /** Number of the partition. */
  partition?: string | number
  /** Group id. */
  group?: string
  /** Number of the error, e.g. 6 for NOT_LEADER_OR_FOLLOWER. */
  code: number
  /** How many. Default: every one, until cleared. */
  times?: number
}

/** What a part of a Kafka request is about. */
export interface KafkaAccess {
  readonly api: string
  readonly hub?: string
  readonly partition?: number
  readonly group?: string
}

function fitsKafka(access: KafkaAccess, { api, hub, partition, group }: KafkaErrorOptions): boolean {
  return (
    sameName(access.api, api) &&
    (hub === undefined || sameName(access.hub ?? '', hub)) &&
    (partition === undefined || access.partition === Number(partition)) &&
    (group === undefined || access.group === group)
  )
}

/** A fault that is in force until it is used up or cleared. @public */
export interface Fault {
  /** How often it has struck. */
  readonly hits: number
  /** Ends it. May be called again. */
  clear(): void
}

/** What is said when something is refused. @public */
export interface FaultError {
  /** AMQP error condition, e.g. `amqp:link:detach-forced`. */
  condition: string
  /** Default: a sentence that says that the fault was scripted. */
  description?: string
}

/** Which lost acknowledgements, and what the client sees of the loss. @public */
export interface LoseDispositionsOptions extends FaultFilter {
  /** How many. Default: every one, until cleared. */
  times?: number
  /** Chance of each to be lost, 0 to 1, drawn from a generator with `seed`. Default 1. */
  probability?: number
  /** Default 1. The same seed loses the same ones. */
  seed?: number
  /**
   * What happens in place of the acknowledgement. Default `connection`: the connection breaks. `link`: the link is
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
  detachLinks(options: FaultFilter & FaultError): Promise<number>
  /** Refuses links that are about to attach. `times`: how many. Default: every one, until cleared. */
  refuseAttach(options: FaultFilter & FaultError & { times?: number }): Fault
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
   * and keeps lower ones out. Returns the function that makes it leave. Throws a `RangeError` when there is no such
   * partition.
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

interface Rule<T = Access> extends Fault {
  strikes(target: T): boolean
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

  async detachLinks(options: FaultFilter & FaultError): Promise<number> {
    return [...this.#connections].reduce(
      (sum, connection) => sum + (connection.detachLinks?.(options, scripted(options)) ?? 0),
      0,
    )
  }

  refuseAttach(options: FaultFilter & FaultError & { times?: number }): Fault {
    const rule: Rule = createRule(named(options), options.times, () => this.#refusals.delete(rule))
    this.#refusals.set(rule, scripted(options))
    return rule
  }

  throttle(options: FaultFilter & { forMs?: number; times?: number } = {}): Fault {
    const { forMs, times } = options
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + forMs
    const rule: Rule = createRule(
      named(options),
      times,
      () => this.#throttles.delete(rule),
      () => performance.now() < until,
    )
    this.#throttles.set(rule, until)
    return rule
  }

  delayDispositions(options: FaultFilter & { ms: number; times?: number }): Fault {
    const rule: Rule = createRule(named(options), options.times, () => this.#delays.delete(rule))
    this.#delays.set(rule, options.ms)
    return rule
  }

  loseDispositions(options: LoseDispositionsOptions = {}): Fault {
    const { times, probability = 1, seed = 1, effect = 'connection' } = options
    const random = createRandom(seed)
    const rule: Rule = createRule(
      named(options),
      times,
      () => this.#losses.delete(rule),
      () => random() < probability,
    )
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
    const rule: Rule<KafkaAccess> = createRule(
      (access: KafkaAccess) => fitsKafka(access, options),
      options.times,
      () => this.#kafkaErrors.delete(rule),
    )
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

  /** Why a link that is about to attach is refused, if it is. */
  refusalOf(target: Access): Required<FaultError> | undefined {
    return firstStruck(this.#refusals, target)
  }

  /** Whether a transfer is refused because the service is busy. */
  throttles(target: Access): boolean {
    return firstStruck(this.#throttles, target) !== undefined
  }

  /** For how many milliseconds an access is throttled; infinity for one that no time ends. */
  throttleMsOf(target: Access): number {
    const until = firstStruck(this.#throttles, target)
    return until === undefined ? 0 : until - performance.now()
  }

  /** Which error a part of a Kafka request is answered with, if any. */
  kafkaErrorOf(target: KafkaAccess): number | undefined {
    return firstStruck(this.#kafkaErrors, target)
  }

  /** How many milliseconds the acknowledgement of a stored transfer waits. */
  dispositionDelayOf(target: Access): number {
    return firstStruck(this.#delays, target) ?? 0
  }

  /** What happens in place of the acknowledgement of a stored transfer; undefined: nothing is lost. */
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

function firstStruck<A, T>(rules: ReadonlyMap<Rule<A>, T>, target: A): T | undefined {
  for (const [rule, value] of rules) if (rule.strikes(target)) return value
  return undefined
}

function createRule<A>(
  fitsRule: (access: A) => boolean,
  times = Number.POSITIVE_INFINITY,
  remove: () => void = () => {},
  condition: () => boolean = () => true,
): Rule<A> {
  let hits = 0
  return {
    get hits() {
      return hits
    },
    clear: remove,
    strikes(target) {
      if (!fitsRule(target) || !condition()) return false
      hits++
      if (hits >= times) remove()
      return true
    },
  }
}

const named = (filter: FaultFilter) => (access: Access) => fits(access, filter)

function scripted({ condition, description }: FaultError): Required<FaultError> {
  return { condition, description: description ?? 'A fault that was scripted in the emulator.' }
}
