import { topicKey } from '../translate/names.js'
import type { MemberRecord } from './member-record.js'

/**
 * The spelling of topics within a group. Event hub names are compared without case, so members that spell one
 * differently share its partitions; all must hand the same spelling to the assigner, and each tells its program of its
 * own.
 */
export interface TopicSpelling {
  /** The same for every member; undefined for a topic that no member subscribes to. */
  of(topic: string): string | undefined
  /** Every topic that some member subscribes to, once. */
  readonly topics: readonly string[]
}

/** The spelling of a group: where members differ, the one that comes first in the order of code units. */
export function groupSpelling(members: readonly Pick<MemberRecord, 'topics'>[]): TopicSpelling {
  const byKey = new Map<string, string>()
  for (const member of members) {
    for (const topic of Object.keys(member.topics)) {
      const key = topicKey(topic)
      const known = byKey.get(key)
      if (known === undefined || topic < known) byKey.set(key, topic)
    }
  }
  return { of: (topic) => byKey.get(topicKey(topic)), topics: [...byKey.values()] }
}

/** The spelling of one member. */
export function ownSpelling(topics: readonly string[]): TopicSpelling {
  const byKey = new Map(topics.map((topic) => [topicKey(topic), topic]))
  return { of: (topic) => byKey.get(topicKey(topic)), topics: [...byKey.values()] }
}
