import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import { describeGroup } from '../group/describe.js'
import { MEMBERS } from '../group/member-record.js'
import { createCommittedOffsets, type OffsetToCommit } from '../offsets/committed-offsets.js'
import type { FetchOffsetsPartition, SeekEntry } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Admin } from './calls.js'
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
  const committedOffsets = async (method: string, groupId: string) =>
    createCommittedOffsets({ store: await session.store(method), transport: await session.transport(), groupId })

  /** Topics that a group has offsets of; what a store calls them. */
  const topicsOf = async (groupId: string): Promise<string[]> => {
    const store = await session.store('fetchOffsets')
    const { address } = await session.transport()
    if (!store.listGroups) {
      throw new KafkaJSNotImplemented(
        'admin.fetchOffsets without topics needs a checkpoint store with listGroups(): name the topics, or use a store of this package',
      )
    }
    const groups = (await store.listGroups(address.storeNamespace)) ?? []
    return groups
      .filter(({ consumerGroup }) => consumerGroup.toLowerCase() === groupId.toLowerCase())
      .flatMap(({ eventHubNames }) => eventHubNames.filter((name) => name !== MEMBERS))
  }

  /** Only when nobody reads: a running member would commit over what is set. */
  const requireEmpty = async (method: string, groupId: string) => {
    const store = await session.store(method)
    const { address, isInMemory } = await session.connection()
    const { state } = await session.request('DescribeGroups', () =>
      describeGroup(store, address.storeNamespace, groupId),
    )
    if (state === 'Dead' && isInMemory()) {
      session.logger.warn(
        `admin.${method} writes to the memory of this process, which knows no group ${groupId}: a consumer in another process will not see it. Set eventHubs.checkpointStore to a store that both reach`,
        { groupId },
      )
    }
    if (state === 'Empty' || state === 'Dead') return
    throw new KafkaJSNonRetriableError(`The consumer group must have no running instances, current state: ${state}`)
  }

  const commit = async (method: string, groupId: string, offsets: readonly OffsetToCommit[]) => {
    await requireEmpty(method, groupId)
    const committed = await committedOffsets(method, groupId)
    await session.request('OffsetCommit', () => committed.commit(offsets))
  }

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
    await commit(
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
      const committed = await committedOffsets('fetchOffsets', groupId)
      const all = !topics || topics.length === 0
      const names = all ? await session.request('OffsetFetch', () => topicsOf(groupId)) : topics
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
      await commit(
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
      await commit(
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
