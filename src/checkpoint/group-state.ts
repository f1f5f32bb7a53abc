import type { Checkpoint, PartitionOwnership } from '../types/checkpoint-store.js'

/**
 * The knowledge of a store about one consumer group, and the rules by which it changes: the compare-and-set of claims
 * above all. The memory store is this; the file store replays the same changes, in one agreed order, in every process.
 */
export type GroupChange =
  | {
      readonly op: 'claim'
      readonly hub: string
      readonly partition: string
      readonly owner: string
      /** The version that must be the stored one; left out: there must be none. */
      readonly expected?: string | undefined
      /** The version this change makes. */
      readonly etag: string
      /** ms since the epoch */
      readonly time: number
    }
  | {
      readonly op: 'commit'
      readonly hub: string
      readonly partition: string
      readonly sequenceNumber: number
      readonly offset: string
    }
  /** Forgets one checkpoint. */
  | { readonly op: 'forget'; readonly hub: string; readonly partition: string }
  /** Forgets the group. */
  | { readonly op: 'clear' }
  /** Names the group as its members spell it. */
  | { readonly op: 'name'; readonly name: string }

type StoredOwnership = Required<Pick<PartitionOwnership, 'partitionId' | 'ownerId' | 'etag' | 'lastModifiedTimeInMs'>>
type StoredCheckpoint = Pick<Checkpoint, 'partitionId' | 'sequenceNumber' | 'offset'>

interface Hub {
  /** The name as it was first written: case does not count, but people know their topics by it. */
  readonly name: string
  readonly ownership: Map<string, StoredOwnership>
  readonly checkpoints: Map<string, StoredCheckpoint>
}

export interface GroupState {
  readonly name: string | undefined
  readonly isEmpty: boolean
  /** Event hubs with checkpoints or ownership; not the reserved names, which begin with `$`. */
  eventHubNames(): string[]
  ownership(hub: string): StoredOwnership[]
  checkpoints(hub: string): StoredCheckpoint[]
  /** True when the change took effect: false is a lost claim, or no change at all. */
  apply(change: GroupChange): boolean
  /** Changes that bring an empty state to this one. */
  changes(): Iterable<GroupChange>
}

/** True for a known change: what stands in a log may be of a newer version, or anybody's. */
function isGroupChange(value: unknown): value is GroupChange {
  if (typeof value !== 'object' || value === null) return false
  const change = value as Partial<Record<string, unknown>>
  const areTexts = (...fields: string[]) => fields.every((field) => typeof change[field] === 'string')
  switch (change['op']) {
    case 'claim':
      return areTexts('hub', 'partition', 'owner', 'etag') && Number.isFinite(change['time'])
    case 'commit':
      return areTexts('hub', 'partition', 'offset') && Number.isSafeInteger(change['sequenceNumber'])
    case 'forget':
      return areTexts('hub', 'partition')
    case 'name':
      return areTexts('name')
    default:
      return change['op'] === 'clear'
  }
}

export function createGroupState(): GroupState {
  const hubs = new Map<string, Hub>()
  let groupName: string | undefined

  const find = (name: string) => hubs.get(name.toLowerCase())
  const open = (name: string): Hub => {
    const known = find(name)
    if (known) return known
    const hub: Hub = { name, ownership: new Map(), checkpoints: new Map() }
    hubs.set(name.toLowerCase(), hub)
    return hub
  }

  return {
    get name() {
      return groupName
    },
    get isEmpty() {
      return hubs.size === 0
    },
    eventHubNames: () => [...hubs.values()].map(({ name }) => name).filter((name) => !name.startsWith('$')),
    ownership: (hub) => [...(find(hub)?.ownership.values() ?? [])],
    checkpoints: (hub) => [...(find(hub)?.checkpoints.values() ?? [])],

    apply(change) {
      if (!isGroupChange(change)) return false
      switch (change.op) {
        case 'claim': {
          const { hub, partition, owner, expected, etag, time } = change
          if (find(hub)?.ownership.get(partition)?.etag !== expected) return false
          const record = { partitionId: partition, ownerId: owner, etag, lastModifiedTimeInMs: time }
          open(hub).ownership.set(partition, record)
          return true
        }
        case 'commit': {
          const { hub, partition, sequenceNumber, offset } = change
          open(hub).checkpoints.set(partition, { partitionId: partition, sequenceNumber, offset })
          return true
        }
        case 'forget': {
          const hub = find(change.hub)
          if (!hub?.checkpoints.delete(change.partition)) return false
          if (hub.checkpoints.size + hub.ownership.size === 0) hubs.delete(change.hub.toLowerCase())
          return true
        }
        case 'clear':
          hubs.clear()
          return true
        case 'name':
          groupName ??= change.name
          return true
      }
    },

    *changes() {
      if (groupName !== undefined) yield { op: 'name', name: groupName }
      for (const { name: hub, ownership, checkpoints } of hubs.values()) {
        for (const { partitionId, ownerId, etag, lastModifiedTimeInMs } of ownership.values()) {
          yield { op: 'claim', hub, partition: partitionId, owner: ownerId, etag, time: lastModifiedTimeInMs }
        }
        for (const { partitionId, sequenceNumber, offset } of checkpoints.values()) {
          yield { op: 'commit', hub, partition: partitionId, sequenceNumber, offset }
        }
      }
    },
  }
}
