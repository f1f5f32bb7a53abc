import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { OffsetToCommit } from '../offsets/committed-offsets.js'
import type { FetchOffsetsPartition, SeekEntry } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Admin } from './calls.js'
import { createGroupOffsets } from './group-offsets.js'
import type { AdminSession } from './session.js'
import { fetchPartitions } from './topic-partitions.js'

const UNCOMMITTED = '-1'
const LATEST = '-1'
const EARLIEST = '-2'

/** Committed offsets of groups, in the checkpoint store. */
export function createOffsetCalls(
  session: AdminSession,
  fetchTopicOffsets: Admin['fetchTopicOffsets'],
): Pick<Admin, 'fetchOffsets' | 'setOffsets' | 'resetOffsets'> {
  const groups = createGroupOffsets(session)

  /** The offsets that were reset, as the offsets it stands for now; they are committed in place of the marks. */
  const resolve = async (groupId: string, topic: string, partitions: FetchOffsetsPartition[]) => {
    const ends = new Map((await fetchTopicOffsets(topic)).map((entry) => [entry.partition, entry]))
    const resolved = partitions.map((entry) => {
      const end = ends.get(entry.partition)
      if (entry.offset === EARLIEST && end) return { ...entry, offset: end.low }
      if (entry.offset === LATEST && end) return { ...entry, offset: end.high }
      return entry
    })
    const changed = resolved.filter(({ offset }, index) => offset !== partitions[index]?.offset)
    await groups.commit(
      'fetchOffsets',
      groupId,
      changed.map(({ partition, offset }) => ({ topic, partition, offset })),
    )
    return resolved
  }

  return {
    async fetchOffsets({ groupId, topics, resolveOffsets = false }) {
      checkGroupId(groupId)
      if (topics && !Array.isArray(topics)) throw new KafkaJSNonRetriableError('Expected topics array to be set')
      const committed = await groups.read('fetchOffsets', groupId)
      const all = !topics || topics.length === 0
      const names = all ? await session.request('OffsetFetch', () => groups.topicsOf(groupId)) : topics
      const fetched = await mapConcurrently(names, async (topic) => {
        const offsets = await session.request('OffsetFetch', () => committed.fetch(topic))
        const numbers = all ? [...offsets.keys()].sort((a, b) => a - b) : await fetchPartitions(session, topic)
        const partitions = numbers.map((partition) => ({
          partition,
          offset: offsets.get(partition) ?? UNCOMMITTED,
          metadata: null,
        }))
        return { topic, partitions }
      })
      const known = all ? fetched.filter(({ partitions }) => partitions.length > 0) : fetched
      if (!resolveOffsets) return known
      return await mapConcurrently(known, async ({ topic, partitions }) => ({
        topic,
        partitions: await resolve(groupId, topic, partitions),
      }))
    },

    async setOffsets({ groupId, topic, partitions }) {
      checkGroupId(groupId)
      checkTopic(topic)
      if (!partitions || partitions.length === 0) throw new KafkaJSNonRetriableError('Invalid partitions')
      const wanted = partitions.map((entry) => toCommit(topic, entry))
      const existing = new Set(await fetchPartitions(session, topic))
      await groups.commit(
        'setOffsets',
        groupId,
        wanted.filter(({ partition }) => existing.has(partition)),
      )
    },

    async resetOffsets({ groupId, topic, earliest = false }) {
      checkGroupId(groupId)
      checkTopic(topic)
      const offset = earliest ? EARLIEST : LATEST
      const partitions = await fetchPartitions(session, topic)
      await groups.commit(
        'resetOffsets',
        groupId,
        partitions.map((partition) => ({ topic, partition, offset })),
      )
    },
  }
}

/** kafkajs's checks of `consumer.seek`, through which its admin sets offsets. */
function toCommit(topic: string, { partition, offset }: SeekEntry): OffsetToCommit {
  if (Number.isNaN(Number(partition))) {
    throw new KafkaJSNonRetriableError(`Invalid partition, expected a number received ${partition}`)
  }
  const text = String(offset).trim()
  if (!/^-?\d+$/.test(text)) throw new KafkaJSNonRetriableError(`Invalid offset, expected a long received ${offset}`)
  if (text.startsWith('-') && text !== LATEST && text !== EARLIEST) {
    throw new KafkaJSNonRetriableError('Offset must not be a negative number')
  }
  return { topic, partition: Number(partition), offset: BigInt(text).toString() }
}

function checkGroupId(groupId: unknown): void {
  if (!groupId) throw new KafkaJSNonRetriableError(`Invalid groupId ${groupId}`)
}

function checkTopic(topic: unknown): void {
  if (!topic) throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
}
