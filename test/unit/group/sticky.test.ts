import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createAssignerCluster } from '../../../src/group/assigner-cluster.js'
import { AssignerProtocol } from '../../../src/group/assigner-protocol.js'
import { PartitionAssigners } from '../../../src/group/assigners.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { Assignment } from '../../../src/types/index.js'

const address = { fullyQualifiedNamespace: 'n', storeNamespace: 'n', broker: 'n:5671', isEmulator: false }

type Assignments = Record<string, Assignment>

/** Assigns all partitions of topics to members, by what they had before. */
async function assign(memberIds: readonly string[], counts: Record<string, number>, former: Assignments = {}) {
  const { cluster, show } = createAssignerCluster(address)
  show(new Map(Object.entries(counts).map(([topic, count]) => [topic, [...Array(count).keys()]])))
  const assigner = PartitionAssigners.sticky({ cluster, groupId: 'g', logger: createLogger({ level: 0 }) })
  const topics = Object.keys(counts)
  const answers = await assigner.assign({
    topics,
    members: memberIds.map((memberId) => ({
      memberId,
      memberMetadata: AssignerProtocol.MemberMetadata.encode({
        version: 0,
        topics,
        userData: AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment: former[memberId] ?? {},
          userData: Buffer.alloc(0),
        }),
      }),
    })),
  })
  return Object.fromEntries(
    answers.map(({ memberId, memberAssignment }) => [
      memberId,
      AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
    ]),
  )
}

const keysOf = (assignment: Assignment = {}) =>
  Object.entries(assignment).flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}/${partition}`))

/** How many partitions have another member than before, or none before. */
const moves = (before: Assignments, after: Assignments) =>
  Object.entries(after).flatMap(([id, given]) => keysOf(given).filter((key) => !keysOf(before[id]).includes(key)))
    .length

it('moves 6 of 24 partitions to a fourth member, and its 6 back when it goes', async () => {
  const three = await assign(['a', 'b', 'c'], { t: 24 })
  const four = await assign(['a', 'b', 'c', 'd'], { t: 24 }, three)
  expect(Object.values(four).map((one) => keysOf(one).length)).toEqual([6, 6, 6, 6])
  expect(moves(three, four)).toBe(6)
  const again = await assign(['a', 'b', 'c'], { t: 24 }, four)
  expect(Object.values(again).map((one) => keysOf(one).length)).toEqual([8, 8, 8])
  expect(moves(four, again)).toBe(6)
})

it('is kafkajs’s contract: name, version, and metadata that tells the topics', () => {
  const { cluster } = createAssignerCluster(address)
  const assigner = PartitionAssigners.sticky({ cluster, groupId: 'g', logger: createLogger({ level: 0 }) })
  const { name, metadata } = assigner.protocol({ topics: ['t', 'u'] })
  expect([assigner.name, assigner.version, name]).toEqual(['StickyAssigner', 0, 'StickyAssigner'])
  expect(AssignerProtocol.MemberMetadata.decode(metadata)).toMatchObject({ version: 0, topics: ['t', 'u'] })
})

it('takes members whose metadata tells nothing of before for new ones', async () => {
  const { cluster, show } = createAssignerCluster(address)
  show(new Map([['t', [0, 1]]]))
  const assigner = PartitionAssigners.sticky({ cluster, groupId: 'g', logger: createLogger({ level: 0 }) })
  const answers = await assigner.assign({
    members: [
      { memberId: 'a', memberMetadata: Buffer.alloc(0) },
      { memberId: 'b', memberMetadata: Buffer.from('no metadata') },
    ],
    topics: ['t'],
  })
  expect(answers.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
})

/** Members, partitions, and some share-out of before: of members that have gone, partitions that have, claimed twice. */
const situation = fc.record({
  members: fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { minLength: 1 }),
  counts: fc.dictionary(fc.constantFrom('t', 'u', 'v'), fc.integer({ min: 0, max: 12 })),
  owners: fc.array(fc.constantFrom(...'abcdefghijkl'), { minLength: 45, maxLength: 45 }),
  twice: fc.boolean(),
})

function formerOf({ owners, twice }: { owners: readonly string[]; twice: boolean }): Assignments {
  const former: Assignments = {}
  for (const [i, owner] of owners.entries()) {
    const topic = ['t', 'u', 'v'][i % 3] as string
    for (const id of twice && i % 7 === 0 ? [owner, 'a'] : [owner]) {
      const assignment = former[id] ?? {}
      former[id] = assignment
      assignment[topic] = [...(assignment[topic] ?? []), Math.floor(i / 3)]
    }
  }
  return former
}

it('gives each partition to one member, all the same number or one less, and moves the fewest', () =>
  fc.assert(
    fc.asyncProperty(situation, async ({ members, counts, ...before }) => {
      const former = formerOf(before)
      const after = await assign(members, counts, former)
      const all = Object.entries(counts).flatMap(([topic, n]) => [...Array(n).keys()].map((p) => `${topic}/${p}`))
      const given = Object.values(after).flatMap((one) => keysOf(one))
      expect([...given].sort()).toEqual([...all].sort())
      const sizes = members.map((id) => keysOf(after[id]).length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      expect(await assign(members, counts, after)).toEqual(after)
      if (before.twice) return
      // No share-out can leave more where it was: each member keeps the quota, and those with most the one more.
      const least = Math.floor(all.length / members.length)
      const had = members.map((id) => keysOf(former[id]).filter((key) => all.includes(key)).length)
      const beyond = had.filter((count) => count > least).length
      const kept = had.reduce((sum, count) => sum + Math.min(count, least), 0)
      expect(moves(former, after)).toBe(all.length - kept - Math.min(beyond, all.length % members.length))
    }),
    { seed: 1, numRuns: 500 },
  ))
