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
  /** Breaks every AMQP connection without a goodbye. Resolves with how many, when all are gone. */
  dropConnections(): Promise<number>
  /** Detaches the links that fit, now. Resolves with how many. */
  detachLinks(options: FaultFilter & FaultError): Promise<number>
  /** Refuses links that are about to attach. `times`: how many. Default: every one, until cleared. */
  refuseAttach(options: FaultFilter & FaultError & { times?: number }): Fault
  /**
   * Rejects transfers with `com.microsoft:server-busy`, for `forMs` milliseconds or `times` transfers, whichever ends
   * first. Default: until cleared.
   */
  throttle(options?: FaultFilter & { forMs?: number; times?: number }): Fault
  /** Stores at once and acknowledges `ms` milliseconds later. Default: every transfer, until cleared. */
  delayDispositions(options: FaultFilter & { ms: number; times?: number }): Fault
  /** Stores transfers without acknowledging them: what a client can't tell from a failure. */
  loseDispositions(options?: LoseDispositionsOptions): Fault
  /** Every token presented so far is over: the links it allowed are dropped. Resolves with how many. */
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

interface Rule extends Fault {
  strikes(target: Access): boolean
}

/** Faults in force; links ask it at the points where they can strike. */
export class Faults implements EmulatorFaults {
  #namespace: Namespace
  #connections: ReadonlySet<FaultyConnection>
  #refusals = new Map<Rule, Required<FaultError>>()
  #throttles = new Set<Rule>()
  #delays = new Map<Rule, number>()
  #losses = new Map<Rule, 'connection' | 'link' | 'nothing'>()
  #releases = new Set<() => void>()

  constructor(options: { namespace: Namespace; connections: ReadonlySet<FaultyConnection> }) {
    this.#namespace = options.namespace
    this.#connections = options.connections
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
    const rule = createRule(options, options.times, () => this.#refusals.delete(rule))
    this.#refusals.set(rule, scripted(options))
    return rule
  }

  throttle(options: FaultFilter & { forMs?: number; times?: number } = {}): Fault {
    const { forMs, times } = options
    const until = forMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + forMs
    const rule = createRule(
      options,
      times,
      () => this.#throttles.delete(rule),
      () => performance.now() < until,
    )
    this.#throttles.add(rule)
    return rule
  }

  delayDispositions(options: FaultFilter & { ms: number; times?: number }): Fault {
    const rule = createRule(options, options.times, () => this.#delays.delete(rule))
    this.#delays.set(rule, options.ms)
    return rule
  }

  loseDispositions(options: LoseDispositionsOptions = {}): Fault {
    const { times, probability = 1, seed = 1, effect = 'connection' } = options
    const random = createRandom(seed)
    const rule = createRule(
      options,
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

  clear(): void {
    for (const rules of [this.#refusals, this.#throttles, this.#delays, this.#losses]) rules.clear()
    for (const release of [...this.#releases]) release()
  }

  /** Why a link that is about to attach is refused, if it is. */
  refusalOf(target: Access): Required<FaultError> | undefined {
    return firstStruck(this.#refusals, target)
  }

  /** Whether a transfer is refused because the service is busy. */
  throttles(target: Access): boolean {
    for (const rule of this.#throttles) if (rule.strikes(target)) return true
    return false
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

function firstStruck<T>(rules: ReadonlyMap<Rule, T>, target: Access): T | undefined {
  for (const [rule, value] of rules) if (rule.strikes(target)) return value
  return undefined
}

function createRule(
  filter: FaultFilter,
  times = Number.POSITIVE_INFINITY,
  remove: () => void = () => {},
  condition: () => boolean = () => true,
): Rule {
  let hits = 0
  return {
    get hits() {
      return hits
    },
    clear: remove,
    strikes(target) {
      if (!fits(target, filter) || !condition()) return false
      hits++
      if (hits >= times) remove()
      return true
    },
  }
}

function scripted({ condition, description }: FaultError): Required<FaultError> {
  return { condition, description: description ?? 'A fault that was scripted in the emulator.' }
}
