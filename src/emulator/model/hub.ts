import { Partition } from './partition.js'
import { partitionOfKey } from './partition-key.js'
import type { PartitionRetention } from './partition-log.js'
import { DEFAULT_PARTITION_COUNT, type EventHubSpec, type RetentionOptions } from './spec.js'

/** Always there, and can't be deleted. Microsoft: Event Hubs features, "Consumer groups". */
export const DEFAULT_CONSUMER_GROUP = '$Default'

/** A consumer group of an event hub. */
export interface ConsumerGroup {
  readonly name: string
  readonly createdAt: Date
  userMetadata?: string
}

/** An event hub: partitions and consumer groups. Names of groups compare without case. */
export class EventHub {
  readonly name: string
  readonly createdAt: Date
  readonly timestampType: 'log-append' | 'create'
  updatedAt: Date
  userMetadata: string | undefined
  #partitions: Partition[] = []
  #groups = new Map<string, ConsumerGroup>()
  #retention: Required<RetentionOptions>
  #roundRobin = 0

  constructor(spec: EventHubSpec, createdAt: Date = new Date()) {
    this.name = spec.name
    this.createdAt = createdAt
    this.updatedAt = createdAt
    this.timestampType = spec.timestampType ?? 'log-append'
    this.#retention = retentionOf(spec.retention ?? {}, {})
    this.createConsumerGroup(DEFAULT_CONSUMER_GROUP)
    for (const group of spec.consumerGroups ?? []) if (!this.getConsumerGroup(group)) this.createConsumerGroup(group)
    this.addPartitions(spec.partitionCount ?? DEFAULT_PARTITION_COUNT)
  }

  get partitions(): readonly Partition[] {
    return this.#partitions
  }

  get partitionCount(): number {
    return this.#partitions.length
  }

  get partitionIds(): string[] {
    return this.#partitions.map((partition) => partition.id)
  }

  get retention(): Readonly<Required<RetentionOptions>> {
    return this.#retention
  }

  /** The partition with that id. Ids are decimal, without sign or leading zeros. */
  partition(id: string): Partition | undefined {
    return this.#partitions.find((partition) => partition.id === id)
  }

  /** The partition the service chooses for a batch: by key, else the next one in turn. */
  partitionFor(partitionKey: string | undefined): Partition {
    const count = this.#partitions.length
    const index = partitionKey === undefined ? this.#roundRobin++ % count : partitionOfKey(partitionKey, count)
    return this.#partitions[index] as Partition
  }

  /** Adds partitions until there are `count`; the new ones are empty, the old ones keep their events. */
  addPartitions(count: number): void {
    while (this.#partitions.length < count) {
      this.#partitions.push(new Partition(String(this.#partitions.length), partitionRetention(this.#retention)))
    }
    this.updatedAt = new Date()
  }

  setRetention(retention: RetentionOptions): void {
    this.#retention = retentionOf(retention, this.#retention)
    for (const partition of this.#partitions)
      partition.log.setRetention(partitionRetention(this.#retention), Date.now())
    this.updatedAt = new Date()
  }

  /** Forgets what is older than retention, without waiting for the next event. */
  trim(now: number): void {
    for (const partition of this.#partitions) partition.log.trim(now)
  }

  get consumerGroups(): ConsumerGroup[] {
    return [...this.#groups.values()]
  }

  getConsumerGroup(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name.toLowerCase())
  }

  createConsumerGroup(name: string, userMetadata?: string): ConsumerGroup {
    const group: ConsumerGroup = { name, createdAt: new Date(), ...(userMetadata !== undefined && { userMetadata }) }
    this.#groups.set(name.toLowerCase(), group)
    return group
  }

  deleteConsumerGroup(name: string): boolean {
    return this.#groups.delete(name.toLowerCase())
  }
}

function retentionOf(wanted: RetentionOptions, before: RetentionOptions): Required<RetentionOptions> {
  return {
    hours: wanted.hours ?? before.hours ?? 24,
    bytes: wanted.bytes ?? before.bytes ?? 128 * 1024 * 1024,
    count: wanted.count ?? before.count ?? Number.POSITIVE_INFINITY,
  }
}

function partitionRetention({ hours, bytes, count }: Required<RetentionOptions>): PartitionRetention {
  return { ageMs: hours < 0 ? Number.POSITIVE_INFINITY : hours * 3_600_000, bytes, count }
}
