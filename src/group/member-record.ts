import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { KafkaJSNonRetriableError } from '../errors/index.js'

/** The record a member tells the others, kept as the owner of its slot in the store. */
export interface MemberRecord {
  readonly memberId: string
  readonly clientId: string
  readonly clientHost: string
  /** ms; tells an onlooker when the record is surely stale. */
  readonly sessionTimeout: number
  /** Topics subscribed to, with the number of partitions this member knows of. */
  readonly topics: Readonly<Record<string, number>>
  /** Assigners the member can run, preferred first, with kafkajs's member metadata for each, base64. */
  readonly protocols: readonly { readonly name: string; readonly metadata: string }[]
  /** The state: `stable` once it reads all that it was assigned. */
  readonly state: 'joining' | 'stable'
  /** The notes the assigner has for it beside the partitions; left out where that is nothing. */
  readonly assigned?: AssignmentNotes | undefined
}

/** The parts of an assignment, in Kafka's consumer protocol, that are no partitions. */
export interface AssignmentNotes {
  readonly version: number
  /** base64 */
  readonly userData: string
}

/** The event hub name under which slots are kept. No event hub can be called so. */
export const MEMBERS = '$members'

/** Blob metadata, the narrowest of the stores, holds 8 KB in all. */
export const MAX_LENGTH = 6000

export function encodeMemberRecord(record: MemberRecord): string {
  const text = deflateRawSync(JSON.stringify({ v: 1, ...record })).toString('base64url')
  if (text.length > MAX_LENGTH) {
    throw new KafkaJSNonRetriableError(
      `The subscriptions and assigner user data of this member take ${text.length} bytes in the checkpoint store, which holds ${MAX_LENGTH}: subscribe to fewer topics per consumer, or let the assigner use less user data`,
    )
  }
  return text
}

/** No honest record is larger when inflated: a few bytes must not become gigabytes in every member. */
export const MAX_INFLATED_LENGTH = 1_048_576

/** Undefined for an empty or foreign value. */
export function decodeMemberRecord(text: string): MemberRecord | undefined {
  if (text === '') return undefined
  try {
    const inflated = inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: MAX_INFLATED_LENGTH })
    const value: unknown = JSON.parse(inflated.toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** True where every member can go by it: one record of an odd shape must not stop a whole group. */
function isRecord(value: unknown): value is MemberRecord {
  if (!isObject(value) || value['v'] !== 1) return false
  const { memberId, clientId, clientHost, sessionTimeout, topics, protocols, state, assigned } = value
  return (
    [memberId, clientId, clientHost].every(isText) &&
    memberId !== '' &&
    Number.isFinite(sessionTimeout) &&
    isObject(topics) &&
    Object.values(topics).every(isPartitionCount) &&
    Array.isArray(protocols) &&
    protocols.every((protocol) => isObject(protocol) && isText(protocol['name']) && isText(protocol['metadata'])) &&
    (state === 'joining' || state === 'stable') &&
    (assigned === undefined ||
      (isObject(assigned) && Number.isInteger(assigned['version']) && isText(assigned['userData'])))
  )
}

/** More than any event hub has; the largest tier ends at 2,000 for a whole namespace and unit of capacity. */
export const MAX_PARTITIONS = 100_000

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown) => typeof value === 'string'
const isPartitionCount = (value: unknown) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_PARTITIONS

/** The longest silence of a member, ms: it renews every third of its own time-out, whatever the onlooker's is. */
export const patienceWith = (record: Pick<MemberRecord, 'sessionTimeout'> | undefined, own: number): number =>
  Math.max(own, record?.sessionTimeout ?? 0)

const OWNER_PREFIX = 'kafkajs:'

/** A member's name as owner of a partition, in ASCII; other SDKs' processors see it as one more owner. */
export const toOwnerId = (memberId: string): string => OWNER_PREFIX + encodeURIComponent(memberId)

/** The member behind an owner; undefined when it is another SDK's processor, or nobody. */
export function fromOwnerId(ownerId: string): string | undefined {
  if (!ownerId.startsWith(OWNER_PREFIX)) return undefined
  try {
    return decodeURIComponent(ownerId.slice(OWNER_PREFIX.length))
  } catch {
    return undefined
  }
}
