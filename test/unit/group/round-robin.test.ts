import { describe, expect, it } from 'vitest'
import { AssignerProtocol } from '../../../src/group/assigner-protocol.js'
import { PartitionAssigners } from '../../../src/group/assigners.js'
import type { GroupMember, PartitionAssigner } from '../../../src/types/index.js'
import { kafkajs } from '../../parity/kafkajs.js'

type Topics = Record<string, number[]>

const configOf = (topics: Topics) =>
  ({
    cluster: {
      findTopicPartitionMetadata: (topic: string) => (topics[topic] ?? []).map((partitionId) => ({ partitionId })),
    },
  }) as unknown as Parameters<PartitionAssigner>[0]

const members = (...ids: string[]): GroupMember[] =>
  ids.map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }))

const decoded = async (assigner: PartitionAssigner, topics: Topics, group: GroupMember[]) => {
  const result = await assigner(configOf(topics)).assign({ members: group, topics: Object.keys(topics) })
  return Object.fromEntries(
    result.map(({ memberId, memberAssignment }) => [
      memberId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment,
    ]),
  )
}

const cases: [string, Topics, GroupMember[]][] = [
  ['members out of order', { a: [0, 1, 2, 3], b: [0, 1, 2] }, members('m-3', 'm-1', 'm-2')],
  ['more members than partitions', { a: [0] }, members('m-1', 'm-2')],
  ['topics named like what objects have', { shift: [0, 1], toString: [0], constructor: [0] }, members('m-2', 'm-1')],
  ['partitions in no order', { a: [3, 1, 2, 0] }, members('m-1', 'm-2')],
  ['no partitions', { a: [] }, members('m-1')],
  ['member ids that look like numbers', { a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }, members('10', '9', '2', '1')],
]

describe('PartitionAssigners.roundRobin', () => {
  it.each(cases)('deals out as kafkajs does: %s', async (_title, topics, group) => {
    expect(await decoded(PartitionAssigners.roundRobin, topics, group)).toEqual(
      await decoded(kafkajs.PartitionAssigners.roundRobin as unknown as PartitionAssigner, topics, group),
    )
  })

  it('gives nothing to nobody', async () => {
    expect(await decoded(PartitionAssigners.roundRobin, { a: [0] }, [])).toEqual({})
  })

  it('announces itself as kafkajs does', () => {
    const config = configOf({})
    const mine = PartitionAssigners.roundRobin(config)
    const original = kafkajs.PartitionAssigners.roundRobin(config as never)
    expect([mine.name, mine.version]).toEqual([original.name, original.version])
    expect(mine.protocol({ topics: ['a'] })).toEqual(original.protocol({ topics: ['a'] }))
  })
})
