import {
  type Assigner,
  AssignerProtocol,
  type Cluster,
  type GroupMember,
  type GroupMemberAssignment,
  type GroupState,
  type PartitionAssigner,
  PartitionAssigners,
} from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { listen, next, openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { shareTarget } from '../../support/shared-target.js'

const target = shareTarget()

const { MemberAssignment, MemberMetadata } = AssignerProtocol
const noData = Buffer.alloc(0)

interface Joined {
  memberAssignment: Record<string, number[]>
  groupProtocol: string
  leaderId: string
  isLeader: boolean
  memberId: string
}

/** An assigner that gives each member what `choose` says. */
const assignerOf =
  (
    name: string,
    choose: (members: GroupMember[], cluster: Cluster) => Record<string, Record<string, number[]>>,
    userData: Buffer = noData,
  ): PartitionAssigner =>
  ({ cluster }) => ({
    name,
    version: 1,
    async assign({ members }) {
      return Object.entries(choose(members, cluster)).map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version: 1, assignment, userData }),
      }))
    },
    protocol: ({ topics }) => ({ name, metadata: MemberMetadata.encode({ version: 1, topics, userData }) }),
  })

/** As frameworks write them: a class whose instance balances by what members said of themselves. */
class ByPreference implements Assigner {
  readonly name = 'ByPreference'
  readonly version = 1
  readonly #cluster: Cluster
  readonly #wish: number

  constructor({ cluster }: { cluster: Cluster }, wish: number) {
    this.#cluster = cluster
    this.#wish = wish
  }

  async assign({ members, topics }: { members: GroupMember[]; topics: string[] }): Promise<GroupMemberAssignment[]> {
    const wishes = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      wish: Number(JSON.parse(String(MemberMetadata.decode(memberMetadata)?.userData)).wish),
      assignment: {} as Record<string, number[]>,
    }))
    for (const topic of topics) {
      for (const { partitionId } of this.#cluster.findTopicPartitionMetadata(topic)) {
        const owner = wishes.find(({ wish }) => wish === partitionId) ?? wishes[0]
        if (owner) owner.assignment[topic] = [...(owner.assignment[topic] ?? []), partitionId]
      }
    }
    return wishes.map(({ memberId, assignment }) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({ version: this.version, assignment, userData: noData }),
    }))
  }

  protocol({ topics }: { topics: string[] }): GroupState {
    const userData = Buffer.from(JSON.stringify({ wish: this.#wish }))
    return { name: this.name, metadata: MemberMetadata.encode({ version: this.version, topics, userData }) }
  }
}

describe('partitionAssigners', () => {
  it('may be instances of a class, told of each other by user data', async () => {
    await using bench = await openBench(target, { partitions: 3 })
    const members = await Promise.all(
      [0, 1, 2].map(async (wish) => {
        const consumer = bench.consumer({ partitionAssigners: [(config) => new ByPreference(config, wish)] })
        const { payloads } = listen(consumer, 'GROUP_JOIN')
        await bench.read(consumer)
        return { wish, joined: () => payloads<Joined>('GROUP_JOIN').at(-1) }
      }),
    )
    await eventually(() => {
      for (const { wish, joined } of members) {
        expect(joined()).toMatchObject({ groupProtocol: 'ByPreference', memberAssignment: { [bench.topic]: [wish] } })
      }
    })
    const leaders = members.filter(({ joined }) => joined()?.isLeader)
    expect(leaders).toHaveLength(1)
  })

  it('get the members with their user data, and the topics of all', async () => {
    await using bench = await openBench(target, { partitions: 1 })
    const userData = Buffer.from(JSON.stringify({ rack: 'north' }))
    let seen: { topics?: string[] | undefined; userData?: Buffer | undefined }[] = []
    const consumer = bench.consumer({
      partitionAssigners: [
        assignerOf(
          'Seeing',
          (members, cluster) => {
            seen = members.map(({ memberMetadata }) => ({ ...MemberMetadata.decode(memberMetadata) }))
            const [partition] = cluster.findTopicPartitionMetadata(bench.topic)
            return { [members[0]?.memberId ?? '']: { [bench.topic]: [partition?.partitionId ?? -1] } }
          },
          userData,
        ),
      ],
    })
    const joined = next<Joined>(consumer, 'GROUP_JOIN')
    await bench.read(consumer)
    expect((await joined).memberAssignment).toEqual({ [bench.topic]: [0] })
    expect(seen).toEqual([{ version: 1, topics: [bench.topic], userData }])
  })

  it('that give a member nothing leave it in the group, sending heartbeats', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const consumer = bench.consumer({ partitionAssigners: [assignerOf('Nothing', () => ({}))] })
    const joined = next<Joined>(consumer, 'GROUP_JOIN')
    const { names } = listen(consumer, 'HEARTBEAT', 'CRASH')
    await bench.read(consumer)
    expect((await joined).memberAssignment).toEqual({})
    await eventually(() => expect(names().length).toBeGreaterThan(1))
    expect(names()).not.toContain('CRASH')
    expect((await consumer.describeGroup()).members).toHaveLength(1)
  })

  it('that give topics not subscribed to have these told of, and not read', async () => {
    await using bench = await openBench(target, { partitions: 1 })
    const other = await target.createTopic({ partitions: 1 })
    const consumer = bench.consumer({
      partitionAssigners: [
        assignerOf('TooMuch', (members) => ({ [members[0]?.memberId ?? '']: { [bench.topic]: [0], [other]: [0] } })),
      ],
    })
    const joined = next<Joined>(consumer, 'GROUP_JOIN')
    const received = next(consumer, 'RECEIVED_UNSUBSCRIBED_TOPICS')
    const reading = await bench.read(consumer)
    expect(await received).toEqual({
      groupId: bench.groupId,
      generationId: expect.any(Number),
      memberId: expect.stringMatching(/^test-/),
      assignedTopics: [bench.topic, other],
      topicsSubscribed: [bench.topic],
      topicsNotSubscribed: [other],
    })
    expect((await joined).memberAssignment).toEqual({ [bench.topic]: [0] })
    await bench.send(['theirs'], 0, other)
    await bench.send(['mine'])
    await reading.count(1)
    expect(reading.values()).toEqual(['mine'])
  })

  it('are chosen by the first member’s preference among those that all have', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const own = assignerOf('Own', (members) => ({ [members[0]?.memberId ?? '']: { [bench.topic]: [0, 1] } }))
    const first = bench.consumer({ partitionAssigners: [own, PartitionAssigners.roundRobin] })
    const joined = listen(first, 'GROUP_JOIN')
    await bench.read(first)
    expect(joined.payloads<Joined>('GROUP_JOIN')[0]?.groupProtocol).toBe('Own')
    await bench.read(bench.consumer())
    await eventually(() =>
      expect(joined.payloads<Joined>('GROUP_JOIN').at(-1)?.groupProtocol).toBe('RoundRobinAssigner'),
    )
  })

  it('that members do not share crash the one that comes, with what to do, and nobody else', async () => {
    await using bench = await openBench(target, { partitions: 2 })
    const settled = bench.consumer()
    const { names } = listen(settled, 'CRASH')
    const reading = await bench.read(settled)
    const stranger = bench.consumer({
      partitionAssigners: [assignerOf('Strange', () => ({}))],
      retry: { retries: 1, initialRetryTime: 10 },
    })
    const crashed = next<{ error: Error; restart: boolean }>(stranger, 'CRASH')
    await bench.read(stranger)
    const { error } = await crashed
    expect(error.message).toMatch(/RoundRobinAssigner.*Strange|Strange.*RoundRobinAssigner/)
    expect(error.message).toContain('partitionAssigners')
    await bench.send(['still here'])
    await reading.count(1)
    expect(names()).toEqual([])
    const { members, protocol } = await settled.describeGroup()
    expect([members.length, protocol]).toEqual([1, 'RoundRobinAssigner'])
  })
})
