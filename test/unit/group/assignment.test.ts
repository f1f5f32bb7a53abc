import { expect, it } from 'vitest'
import { KafkaJSNonRetriableError } from '../../../src/errors/index.js'
import { createAssignerCluster } from '../../../src/group/assigner-cluster.js'
import { AssignerProtocol } from '../../../src/group/assigner-protocol.js'
import { PartitionAssigners } from '../../../src/group/assigners.js'
import { createAssigning, partitionsOf } from '../../../src/group/assignment.js'
import type { MemberRecord } from '../../../src/group/member-record.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { Assigner } from '../../../src/types/index.js'

const address = { fullyQualifiedNamespace: 'n', storeNamespace: 'n', broker: 'n:5671', isEmulator: false }

const member = (
  memberId: string,
  topics: Record<string, number>,
  protocols = ['RoundRobinAssigner'],
): MemberRecord => ({
  memberId,
  clientId: memberId,
  clientHost: 'host',
  sessionTimeout: 1000,
  topics,
  protocols: protocols.map((name) => ({ name, metadata: Buffer.from(`${memberId} ${name}`).toString('base64') })),
  state: 'stable',
})

const assign = (assigners: Assigner[], members: MemberRecord[], topics: string[]) =>
  createAssigning({ assigners, timeout: 1000, setAssignable() {} }).assign(
    members,
    new Map(topics.map((topic) => [topic, [0]])),
  )

function roundRobin(partitions: Record<string, number>): Assigner {
  const { cluster, show } = createAssignerCluster(address)
  show(new Map(Object.entries(partitions).map(([topic, count]) => [topic, [...Array(count).keys()]])))
  return PartitionAssigners.roundRobin({ cluster, groupId: 'g', logger: createLogger({ level: 0 }) })
}

it('shares all partitions out, the same whoever computes it', async () => {
  const members = [member('b', { t: 5 }), member('a', { t: 5 })]
  const results = await Promise.all([
    assign([roundRobin({ t: 5 })], members, ['t']),
    assign([roundRobin({ t: 5 })], members, ['t']),
  ])
  expect(results[0]).toEqual(results[1])
  expect(results[0]?.protocol).toBe('RoundRobinAssigner')
  expect(Object.fromEntries(results[0]?.members ?? [])).toEqual({ a: { t: [0, 2, 4] }, b: { t: [1, 3] } })
})

it('gives a topic to its subscribers only, each set of them on its own', async () => {
  const members = [member('a', { t: 2, u: 3 }), member('b', { t: 2 }), member('c', { u: 3, v: 1 })]
  const { members: given } = await assign([roundRobin({ t: 2, u: 3, v: 1 })], members, ['t', 'u', 'v'])
  expect(Object.fromEntries(given)).toEqual({ a: { t: [0], u: [0, 2] }, b: { t: [1] }, c: { u: [1], v: [0] } })
})

it('asks an assigner once where all subscribe to the same, members and topics in order', async () => {
  const calls: unknown[] = []
  const assigner: Assigner = {
    name: 'Own',
    version: 3,
    async assign({ members, topics }) {
      calls.push({ members: members.map((one) => [one.memberId, String(one.memberMetadata)]), topics })
      const memberAssignment = AssignerProtocol.MemberAssignment.encode({
        version: 3,
        assignment: { u: [10, 2, 1] },
        userData: Buffer.alloc(0),
      })
      return [{ memberId: 'b', memberAssignment }]
    },
    protocol: () => ({ name: 'Own', metadata: Buffer.alloc(0) }),
  }
  const subscription = { t: 1, u: 12 }
  const members = [member('b', subscription, ['Own']), member('a', subscription, ['Own'])]
  const { members: given } = await assign([assigner], members, ['t', 'u'])
  expect(calls).toEqual([
    {
      members: [
        ['a', 'a Own'],
        ['b', 'b Own'],
      ],
      topics: ['t', 'u'],
    },
  ])
  expect(Object.fromEntries(given)).toEqual({ b: { u: [1, 2, 10] } })
})

it('takes the first member’s preference among what all can run; nothing in common is an error that says what to do', async () => {
  const members = [member('a', { t: 1 }, ['Other', 'RoundRobinAssigner']), member('b', { t: 1 })]
  expect((await assign([roundRobin({ t: 1 })], members, ['t'])).protocol).toBe('RoundRobinAssigner')
  const strangers = [member('a', { t: 1 }), member('b', { t: 1 }, ['Other'])]
  await expect(assign([roundRobin({ t: 1 })], strangers, ['t'])).rejects.toMatchObject({
    name: 'KafkaJSNonRetriableError',
    message: expect.stringContaining('give every member the same partitionAssigners'),
  })
})

it('knows of as many partitions as any member, and of none of a topic found gone', () => {
  const members = [member('a', { t: 4, u: 2 }), member('b', { t: 6, v: 3 })]
  expect(Object.fromEntries(partitionsOf(members, { t: 4, u: 0 }))).toEqual({ t: 6, u: 0, v: 3 })
})

it('runs when members, subscriptions or partitions change, and not when the same is looked at again', async () => {
  const one = roundRobin({ t: 2 })
  let runs = 0
  const assigner: Assigner = {
    ...one,
    assign(given) {
      runs++
      return one.assign(given)
    },
  }
  const assigning = createAssigning({ assigners: [assigner], timeout: 1000, setAssignable() {} })
  const t = (...partitions: number[]) => new Map([['t', partitions]])
  const [a, b] = [member('a', { t: 2 }), member('b', { t: 2 })]
  const first = await assigning.assign([a], t(0, 1))
  expect(await assigning.assign([{ ...a, state: 'joining' }], t(0, 1))).toBe(first)
  expect(runs).toBe(1)
  await assigning.assign([a, b], t(0, 1))
  await assigning.assign([a, b], t(0, 1, 2))
  await assigning.assign([a, { ...b, topics: { t: 2, u: 1 } }], t(0, 1, 2))
  expect(runs).toBe(4)
})

it('ends an assigner that never answers, as something that passes, and runs it again', async () => {
  const one = roundRobin({ t: 2 })
  let isHanging = true
  const assigner: Assigner = {
    ...one,
    assign: (given) => (isHanging ? new Promise<never>(() => undefined) : one.assign(given)),
  }
  const assigning = createAssigning({ assigners: [assigner], timeout: 10, setAssignable() {} })
  const run = () => assigning.assign([member('a', { t: 2 })], new Map([['t', [0, 1]]]))
  await expect(run()).rejects.toMatchObject({
    retriable: true,
    message: 'The partition assigner did not answer within 10 ms (RoundRobinAssigner)',
  })
  isHanging = false
  expect((await run()).members.get('a')).toEqual({ t: [0, 1] })
})

it.each([
  ['nothing', null, 'The partition assigner Own must answer with a list of { memberId, memberAssignment }'],
  ['a list of something else', [null], 'must answer with a list of'],
  [
    'bytes that are no assignment',
    [{ memberId: 'a', memberAssignment: Buffer.from('garbage') }],
    'The partition assigner Own gave a memberAssignment that is none',
  ],
  ['no bytes', [{ memberId: 'a', memberAssignment: undefined }], 'gave a memberAssignment that is none'],
])('says so when an assigner answers with %s', async (_, answers, message) => {
  const assigner: Assigner = { ...roundRobin({ t: 1 }), name: 'Own', assign: async () => answers as never }
  const failure = assign([assigner], [member('a', { t: 1 }, ['Own'])], ['t'])
  await expect(failure).rejects.toBeInstanceOf(KafkaJSNonRetriableError)
  await expect(failure).rejects.toThrow(message)
})

it('shares a topic among members that spell it differently, each told in the spelling of the first', async () => {
  const metadata = (topic: string) =>
    AssignerProtocol.MemberMetadata.encode({ version: 1, topics: [topic], userData: Buffer.from('x') }).toString(
      'base64',
    )
  const spelling = (memberId: string, topic: string): MemberRecord => ({
    ...member(memberId, { [topic]: 4 }),
    protocols: [{ name: 'RoundRobinAssigner', metadata: metadata(topic) }],
  })
  const members = [spelling('b', 'Orders'), spelling('a', 'orders')]
  expect([...partitionsOf(members, { orders: 4 })]).toEqual([['Orders', 4]])
  const one = roundRobin({ Orders: 4 })
  const seen: unknown[] = []
  const assigner: Assigner = {
    ...one,
    assign(given) {
      seen.push(given.members.map((each) => AssignerProtocol.MemberMetadata.decode(each.memberMetadata)?.topics))
      return one.assign(given)
    },
  }
  const { members: given } = await assign([assigner], members, ['Orders'])
  expect(Object.fromEntries(given)).toEqual({ a: { Orders: [0, 2] }, b: { Orders: [1, 3] } })
  expect(seen).toEqual([[['Orders'], ['Orders']]])
})
