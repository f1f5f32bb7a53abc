import type { Admin } from '../exports.js'

/** The part of an admin client that is needed of either side; kafkajs's has the same. */
export type OffsetsAdmin = Pick<Admin, 'fetchOffsets' | 'fetchTopicOffsets' | 'setOffsets'>

/** A move of committed offsets: from where, to where, and of which groups. */
export interface Migration {
  /** E.g. kafkajs's admin client, on the Kafka endpoint. */
  readonly from: Pick<OffsetsAdmin, 'fetchOffsets'>
  /** E.g. this package's, with a checkpoint store. */
  readonly to: OffsetsAdmin
  readonly groupIds: readonly string[]
  /** Left out: every topic that `from` has offsets of. */
  readonly topics?: readonly string[]
  /** Says what would be done. */
  readonly dryRun?: boolean
  /** Also where `to` has an offset already: by default it is kept, so that a second run harms nobody. */
  readonly overwrite?: boolean
}

/** One committed offset, and what became of it. */
export interface MigratedOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** The offset committed at `from`. */
  readonly committed: string
  /** The offset that was set; undefined: nothing was. */
  readonly set?: string
  /** Explains why it is another one, or none. */
  readonly note?: string
}

/**
 * Carries committed offsets over, group by group: a Kafka offset is the sequence number of the event. Rejects while a
 * group has members on the side it is carried to.
 */
export async function migrateOffsets(migration: Migration): Promise<MigratedOffset[]> {
  const { from, to, groupIds, topics = [], dryRun = false } = migration
  const outcomes: MigratedOffset[] = []
  for (const groupId of groupIds) {
    for (const { topic, partitions } of await from.fetchOffsets({ groupId, topics: [...topics] })) {
      const committed = partitions.filter(({ offset }) => Number(offset) >= 0)
      if (committed.length === 0) continue
      const decided = await decide(migration, groupId, topic, committed)
      const changes = decided.flatMap(({ partition, set }) => (set === undefined ? [] : [{ partition, offset: set }]))
      if (changes.length > 0 && !dryRun) await to.setOffsets({ groupId, topic, partitions: changes })
      outcomes.push(...decided)
    }
  }
  return outcomes
}

async function decide(
  { to, overwrite = false }: Migration,
  group: string,
  topic: string,
  committed: readonly { partition: number; offset: string }[],
): Promise<MigratedOffset[]> {
  const ends = await endsOf(topic, to)
  if (ends.size === 0) {
    return committed.map(({ partition, offset }) => ({
      group,
      topic,
      partition,
      committed: offset,
      note: 'there is no such topic',
    }))
  }
  const [existing] = await to.fetchOffsets({ groupId: group, topics: [topic] })
  const present = new Map(existing?.partitions.map(({ partition, offset }) => [partition, offset]))
  return committed.map(({ partition, offset }): MigratedOffset => {
    const outcome = { group, topic, partition, committed: offset }
    const end = ends.get(partition)
    const kept = present.get(partition) ?? '-1'
    if (!end) return { ...outcome, note: 'there is no such partition' }
    if (kept !== '-1' && !overwrite) return { ...outcome, note: `kept ${kept}, which is there already` }
    if (BigInt(offset) > BigInt(end.high)) {
      return { ...outcome, note: `lies beyond the end, ${end.high}: is this the same event hub?` }
    }
    if (BigInt(offset) < BigInt(end.low)) return { ...outcome, set: end.low, note: 'the oldest that is left' }
    return { ...outcome, set: offset }
  })
}

/** The ends of the partitions; none when the topic has been deleted, of which offsets may be left. */
async function endsOf(topic: string, to: OffsetsAdmin) {
  const ends = await to.fetchTopicOffsets(topic).catch((error: unknown) => {
    if (isUnknownTopic(error)) return []
    throw error
  })
  return new Map(ends.map((end) => [end.partition, end]))
}

function isUnknownTopic(error: unknown): boolean {
  const { type, cause } = error as { type?: string; cause?: unknown }
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' || (cause !== undefined && isUnknownTopic(cause))
}
