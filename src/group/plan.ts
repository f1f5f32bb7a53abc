import { createHash } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import { topicKey } from '../translate/names.js'
import type { Assignment } from '../types/index.js'
import { MAX_INFLATED_LENGTH, MAX_LENGTH, type MemberRecord } from './member-record.js'
import { partitionsIn } from './partitions-in.js'

/**
 * The assignment that a group with the sticky assigner has come to: a record beside the members' own. What is to change as
 * little as possible has to be made from what was before, and that must be the same for all. Whoever sees first that the
 * plan does not fit the group any more writes the next one; of several, one wins, and the others follow it.
 */
export interface Plan {
  /** The basis it was made for, see {@link basisOf}. */
  readonly basis: string
  /** Member id → topic → partitions. */
  readonly members: ReadonlyMap<string, Assignment>
}

/** Stands for members, their subscriptions, and numbers of partitions: when it is another, a new plan is due. */
export function basisOf(members: readonly MemberRecord[], partitions: ReadonlyMap<string, number>): string {
  const subscriptions = members
    .map(({ memberId, topics }) => [memberId, Object.keys(topics).map(topicKey).sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const counts = [...partitions].map(([topic, count]) => [topicKey(topic), count] as const)
  const text = JSON.stringify([subscriptions, counts.sort(([a], [b]) => (a < b ? -1 : 1))])
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}

/** As it is stored: members by their place in a list, which keeps it short. */
interface Stored {
  readonly v: 1
  readonly basis: string
  readonly ids: readonly string[]
  /** Topic → for each partition whose it is, -1 nobody's. */
  readonly topics: Readonly<Record<string, readonly number[]>>
}

export function encodePlan({ basis, members }: Plan): string {
  const ids = [...members.keys()]
  const topics: Record<string, number[]> = {}
  for (const [index, id] of ids.entries()) {
    for (const [topic, partitions] of Object.entries(members.get(id) ?? {})) {
      for (const partition of partitions) {
        const owners = (Object.hasOwn(topics, topic) && topics[topic]) || []
        topics[topic] = owners
        while (owners.length <= partition) owners.push(-1)
        owners[partition] = index
      }
    }
  }
  const stored: Stored = { v: 1, basis, ids, topics }
  const text = deflateRawSync(JSON.stringify(stored)).toString('base64url')
  if (text.length > MAX_LENGTH) {
    throw new KafkaJSNonRetriableError(
      `The plan of the sticky assigner takes ${text.length} bytes in the checkpoint store, which holds ${MAX_LENGTH}: the group is too large for it, use PartitionAssigners.roundRobin`,
    )
  }
  return text
}

/** Undefined for an empty or foreign value. */
export function decodePlan(text: string): Plan | undefined {
  if (text === '') return undefined
  try {
    const inflated = inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: MAX_INFLATED_LENGTH })
    const { v, basis, ids, topics } = JSON.parse(inflated.toString()) as Stored
    if (v !== 1 || typeof basis !== 'string') return undefined
    const members = new Map<string, Assignment>(ids.map((id) => [id, {}]))
    for (const [topic, owners] of Object.entries(topics)) {
      for (const [partition, index] of owners.entries()) {
        const assignment = members.get(ids[index] ?? '')
        if (assignment) assignment[topic] = [...partitionsIn(assignment, topic), partition]
      }
    }
    return { basis, members }
  } catch {
    return undefined
  }
}
