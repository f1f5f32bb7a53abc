import { NamespaceError } from './errors.js'
import { type ConsumerGroup, DEFAULT_CONSUMER_GROUP, EventHub } from './hub.js'
import type { EventHubSpec, RetentionOptions } from './spec.js'

/** A change to an event hub; links to it are dropped as the service does. */
export type NamespaceChange =
  | { readonly kind: 'event-hub-deleted'; readonly eventHub: EventHub }
  | { readonly kind: 'partitions-added'; readonly eventHub: EventHub }
  | { readonly kind: 'consumer-group-deleted'; readonly eventHub: EventHub; readonly consumerGroup: string }

export interface NamespaceSettings {
  /** Partitions of an event hub that springs into being; undefined: none does. */
  readonly autoCreatePartitionCount?: number | undefined
  readonly autoCreateConsumerGroups?: boolean
  /** Of event hubs that don't say. */
  readonly retention?: RetentionOptions
}

const MAX_PARTITIONS = 1024
/** Letters, digits, periods, hyphens and underscores; with a slash in it clients can't address it. */
const EVENT_HUB_NAME = /^[a-z0-9]([a-z0-9._-]{0,254}[a-z0-9])?$/i
const CONSUMER_GROUP_NAME = /^(\$default|[a-z0-9]([a-z0-9._-]{0,48}[a-z0-9])?)$/i

/** A namespace in memory: event hubs and their consumer groups. Names compare without case, as in the service. */
export class Namespace {
  #eventHubs = new Map<string, EventHub>()
  #settings: NamespaceSettings
  #listeners = new Set<(change: NamespaceChange) => void>()
  #editListeners = new Set<(change: NamespaceChange | undefined) => void>()

  constructor(settings: NamespaceSettings = {}) {
    this.#settings = settings
  }

  /** Calls back on each change that ends links. Returns its own remover. */
  onChange(listener: (change: NamespaceChange) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Calls back when what there is has changed, whether that ends links or not. */
  onEdit(listener: (change: NamespaceChange | undefined) => void): void {
    this.#editListeners.add(listener)
  }

  /** Partitions of an event hub for which nobody says how many; undefined: no choice was made. */
  get defaultPartitionCount(): number | undefined {
    return this.#settings.autoCreatePartitionCount
  }

  createEventHub(spec: EventHubSpec, createdAt?: Date): EventHub {
    const { name, partitionCount, consumerGroups = [] } = spec
    if (!EVENT_HUB_NAME.test(name)) throw new NamespaceError('invalid', `'${name}' is not a name for an event hub.`)
    if (partitionCount !== undefined) checkPartitionCount(partitionCount)
    for (const group of consumerGroups) checkConsumerGroupName(group)
    if (this.getEventHub(name)) throw new NamespaceError('exists', `The event hub '${name}' already exists.`)
    const retention = { ...this.#settings.retention, ...spec.retention }
    const eventHub = new EventHub({ ...spec, retention }, createdAt)
    this.#eventHubs.set(name.toLowerCase(), eventHub)
    this.#edited()
    return eventHub
  }

  getEventHub(name: string): EventHub | undefined {
    return this.#eventHubs.get(name.toLowerCase())
  }

  /** In the order of their names. */
  listEventHubs(): EventHub[] {
    return [...this.#eventHubs.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  deleteEventHub(name: string): void {
    const eventHub = this.#existing(name)
    this.#eventHubs.delete(name.toLowerCase())
    this.#changed({ kind: 'event-hub-deleted', eventHub })
  }

  /** Partitions can be added, never taken away. Microsoft: "Dynamically add partitions". */
  setPartitionCount(name: string, count: number): EventHub {
    const eventHub = this.#existing(name)
    checkPartitionCount(count)
    if (count < eventHub.partitionCount) {
      throw new NamespaceError('invalid', `The event hub '${name}' can't have fewer partitions than it has.`)
    }
    if (count > eventHub.partitionCount) {
      eventHub.addPartitions(count)
      this.#changed({ kind: 'partitions-added', eventHub })
    }
    return eventHub
  }

  /** Sets the limits; what is left out keeps its value. */
  setRetention(name: string, retention: RetentionOptions): EventHub {
    const eventHub = this.#existing(name)
    eventHub.setRetention(retention)
    this.#edited()
    return eventHub
  }

  createConsumerGroup(eventHubName: string, name: string, userMetadata?: string): ConsumerGroup {
    const eventHub = this.#existing(eventHubName)
    checkConsumerGroupName(name)
    if (eventHub.getConsumerGroup(name)) {
      throw new NamespaceError('exists', `The consumer group '${name}' of '${eventHubName}' already exists.`)
    }
    const group = eventHub.createConsumerGroup(name, userMetadata)
    this.#edited()
    return group
  }

  /** In the order of their names. */
  listConsumerGroups(eventHubName: string): ConsumerGroup[] {
    return this.#existing(eventHubName).consumerGroups.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  deleteConsumerGroup(eventHubName: string, name: string): void {
    const eventHub = this.#existing(eventHubName)
    if (name.toLowerCase() === DEFAULT_CONSUMER_GROUP.toLowerCase()) {
      throw new NamespaceError('invalid', `The consumer group '${DEFAULT_CONSUMER_GROUP}' can't be deleted.`)
    }
    if (!eventHub.deleteConsumerGroup(name)) {
      throw new NamespaceError('not-found', `The consumer group '${name}' of '${eventHubName}' does not exist.`)
    }
    this.#changed({ kind: 'consumer-group-deleted', eventHub, consumerGroup: name })
  }

  /** The event hub a client names over AMQP, created if that is allowed. */
  openEventHub(name: string): EventHub | undefined {
    const existing = this.getEventHub(name)
    const partitionCount = this.#settings.autoCreatePartitionCount
    if (existing || partitionCount === undefined || !EVENT_HUB_NAME.test(name)) return existing
    return this.createEventHub({ name, partitionCount })
  }

  /** True for an event hub that exists or would be created when a client names it. */
  knowsEventHub(name: string): boolean {
    return (
      this.getEventHub(name) !== undefined ||
      (this.#settings.autoCreatePartitionCount !== undefined && EVENT_HUB_NAME.test(name))
    )
  }

  /** The consumer group a client names over AMQP, created if that is allowed. */
  openConsumerGroup(eventHub: EventHub, name: string): ConsumerGroup | undefined {
    const existing = eventHub.getConsumerGroup(name)
    if (existing || !this.#settings.autoCreateConsumerGroups || !CONSUMER_GROUP_NAME.test(name)) return existing
    const group = eventHub.createConsumerGroup(name)
    this.#edited()
    return group
  }

  #edited(change?: NamespaceChange): void {
    for (const listener of [...this.#editListeners]) listener(change)
  }

  #existing(name: string): EventHub {
    const eventHub = this.getEventHub(name)
    if (!eventHub) throw new NamespaceError('not-found', `The event hub '${name}' does not exist.`)
    return eventHub
  }

  #changed(change: NamespaceChange): void {
    for (const listener of [...this.#listeners]) listener(change)
    this.#edited(change)
  }
}

function checkPartitionCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_PARTITIONS) {
    throw new NamespaceError('invalid', `The number of partitions must be from 1 to ${MAX_PARTITIONS}, not ${count}.`)
  }
}

function checkConsumerGroupName(name: string): void {
  if (!CONSUMER_GROUP_NAME.test(name)) {
    throw new NamespaceError('invalid', `'${name}' is not a name for a consumer group.`)
  }
}
