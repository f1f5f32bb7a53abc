import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/emulator/kafka/clock.js'
import type { JoinAnswer, SyncAnswer } from '../../../src/emulator/kafka/groups/answers.js'
import { Coordinator } from '../../../src/emulator/kafka/groups/coordinator.js'
import { ERROR } from '../../../src/emulator/kafka/protocol/error-codes.js'

/** Time that moves when it is told to. */
class ManualClock implements Clock {
  #now = 0
  #timers = new Set<{ at: number; step: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, step: () => void): () => void {
    const timer = { at: this.#now + ms, step }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Moves on, timer by timer, and lets promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#now = next.at
      this.#timers.delete(next)
      next.step()
      await settled()
    }
    this.#now = end
    await settled()
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
const G = 'group'

interface JoinOptions {
  memberId?: string
  groupInstanceId?: string | null
  version?: number
  protocols?: string[]
  metadata?: string
  sessionTimeoutMs?: number
  protocolType?: string
}

function setUp(
  settings: { groups?: 'eventhubs' | 'kafka'; initialRebalanceDelayMs?: number; maxMembers?: number } = {},
) {
  const clock = new ManualClock()
  const { groups = 'eventhubs', initialRebalanceDelayMs = 0, maxMembers = 10 } = settings
  const coordinator = new Coordinator(
    { groups, initialRebalanceDelayMs, sessionTimeoutMs: { min: 6000, max: 300_000 }, maxGroups: 5, maxMembers },
    clock,
  )
  const join = async (options: JoinOptions = {}): Promise<JoinAnswer> =>
    coordinator.join(G, options.version ?? 9, {
      memberId: options.memberId ?? '',
      groupInstanceId: options.groupInstanceId ?? null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: options.protocolType ?? 'consumer',
      protocols: (options.protocols ?? ['range']).map((name) => ({
        name,
        metadata: Buffer.from(options.metadata ?? 'm'),
      })),
    })
  const sync = async ({ memberId, generationId = 1 }: JoinAnswer, assignments: Record<string, string> = {}) =>
    coordinator.sync(G, {
      memberId,
      generationId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
    })
  const beat = ({ memberId, generationId = 1 }: JoinAnswer) =>
    coordinator.heartbeat(G, { memberId, generationId, groupInstanceId: null })
  const commit = (identity: { memberId?: string; generationId?: number }, metadata = '') =>
    coordinator.commit(
      G,
      { memberId: '', generationId: -1, groupInstanceId: null, ...identity },
      { topic: 'Orders', partition: 0, offset: 7, leaderEpoch: -1, metadata },
    )
  const state = () => coordinator.describe(G).state
  /** Two members that have their assignments. */
  const stable = async () => {
    const first = await join()
    await sync(first, { [first.memberId]: 'all' })
    const rejoining = join()
    await settled()
    expect(beat(first)).toBe(ERROR.rebalanceInProgress)
    const leader = await join({ memberId: first.memberId })
    const follower = await rejoining
    const waiting = sync(follower)
    await sync(leader, { [leader.memberId]: 'a', [follower.memberId]: 'b' })
    expect((await waiting).assignment.toString()).toBe('b')
    return { leader, follower }
  }
  return { clock, coordinator, join, sync, beat, commit, state, stable }
}

const codeOf = async (answer: Promise<JoinAnswer | SyncAnswer>) => (await answer).errorCode

describe('a group', () => {
  it('forms: the first leads, and the leader alone learns of the others', async () => {
    const { stable, state } = setUp()
    const { leader, follower } = await stable()
    expect(leader).toMatchObject({ errorCode: 0, generationId: 2, protocolName: 'range', leader: leader.memberId })
    expect(leader.members?.map(({ memberId }) => memberId)).toEqual([leader.memberId, follower.memberId])
    expect(follower).toMatchObject({ leader: leader.memberId, members: [] })
    expect(state()).toBe('Stable')
  })

  it('waits for its first members as long as it is told to, longer as they come', async () => {
    const { clock, join, state } = setUp({ initialRebalanceDelayMs: 3000 })
    const first = join()
    await clock.pass(2000)
    const second = join()
    await clock.pass(2999)
    expect(state()).toBe('PreparingRebalance')
    await clock.pass(1001)
    expect((await first).generationId).toBe(1)
    expect((await second).leader).toBe((await first).memberId)
  })

  it('chooses the protocol that all know and most prefer', async () => {
    const { join, sync } = setUp()
    const first = await join({ protocols: ['range', 'sticky'] })
    await sync(first)
    const second = join({ protocols: ['sticky', 'other'] })
    const again = await join({ memberId: first.memberId, protocols: ['range', 'sticky'] })
    expect(again.protocolName).toBe('sticky')
    expect((await second).protocolName).toBe('sticky')
    expect(await codeOf(join({ protocols: ['other'] }))).toBe(ERROR.inconsistentGroupProtocol)
    expect(await codeOf(join({ protocolType: 'connect', protocols: ['sticky'] }))).toBe(ERROR.inconsistentGroupProtocol)
    expect(await codeOf(join({ protocols: [] }))).toBe(ERROR.inconsistentGroupProtocol)
  })

  it('loses a member that is silent for its session, and one that leaves at once', async () => {
    const { clock, beat, stable, state, coordinator, join } = setUp()
    const { leader, follower } = await stable()
    await clock.pass(6000)
    expect(beat(leader)).toBe(0)
    await clock.pass(6000)
    expect(beat(follower)).toBe(ERROR.unknownMemberId)
    expect(beat(leader)).toBe(ERROR.rebalanceInProgress)
    const alone = await join({ memberId: leader.memberId })
    expect(alone.members).toHaveLength(1)
    expect(coordinator.leave(G, { memberId: leader.memberId, groupInstanceId: null })).toBe(0)
    expect(state()).toBe('Dead')
    expect(clock.timers).toBe(0)
  })

  it('goes on without who does not join again in time', async () => {
    const { clock, beat, stable, join } = setUp()
    const { leader, follower } = await stable()
    const third = join()
    const again = join({ memberId: leader.memberId })
    for (let round = 0; round < 12; round++) {
      expect(beat(follower)).toBe(ERROR.rebalanceInProgress)
      await clock.pass(5000)
    }
    expect((await again).members).toHaveLength(2)
    expect((await third).generationId).toBe(3)
    expect(beat(follower)).toBe(ERROR.unknownMemberId)
  })

  it('goes on without who never asks for its assignment', async () => {
    const { clock, beat, join, state } = setUp()
    const first = await join()
    for (let round = 0; round < 11; round++) {
      await clock.pass(5000)
      expect(beat(first)).toBe(0)
    }
    await clock.pass(5000)
    expect(beat(first)).toBe(ERROR.unknownMemberId)
    expect(state()).toBe('Dead')
  })

  it('answers what is out of turn as Kafka does', async () => {
    const { join, sync, beat, stable, coordinator } = setUp()
    expect(await codeOf(join({ memberId: 'unknown' }))).toBe(ERROR.unknownMemberId)
    expect(await codeOf(join({ sessionTimeoutMs: 5999 }))).toBe(ERROR.invalidSessionTimeout)
    expect(await codeOf(join({ sessionTimeoutMs: 300_001 }))).toBe(ERROR.invalidSessionTimeout)
    const { leader, follower } = await stable()
    expect(beat({ ...leader, generationId: 1 })).toBe(ERROR.illegalGeneration)
    expect(beat({ ...leader, memberId: 'unknown' })).toBe(ERROR.unknownMemberId)
    expect(await join({ memberId: follower.memberId })).toMatchObject({ errorCode: 0, generationId: 2, members: [] })
    const third = join()
    expect(await codeOf(sync(leader))).toBe(ERROR.rebalanceInProgress)
    expect(coordinator.heartbeat('other', { ...leader, generationId: 1, groupInstanceId: null })).toBe(25)
    expect(coordinator.expire(G)).toBe(3)
    await third
  })

  it('rebalances when its leader rejoins or a member says something new', async () => {
    const { join, stable, state } = setUp()
    const { leader, follower } = await stable()
    const changed = join({ memberId: follower.memberId, metadata: 'other topics' })
    expect(state()).toBe('PreparingRebalance')
    await join({ memberId: leader.memberId })
    expect((await changed).generationId).toBe(3)
  })

  it('is full at some point', async () => {
    const { join } = setUp({ maxMembers: 1 })
    await join()
    expect(await codeOf(join())).toBe(ERROR.groupMaxSizeReached)
  })

  it('is one of so many', async () => {
    const { coordinator, join } = setUp()
    const commitAs = (groupId: string) =>
      coordinator.commit(
        groupId,
        { memberId: '', generationId: -1, groupInstanceId: null },
        { topic: 'Orders', partition: 0, offset: 7, leaderEpoch: -1, metadata: '' },
      )
    for (let i = 1; i <= 5; i++) expect(commitAs(`group ${i}`)).toBe(0)
    expect(commitAs('group 6')).toBe(ERROR.policyViolation)
    expect(await codeOf(join())).toBe(ERROR.policyViolation)
    expect(commitAs('group 1')).toBe(0)
    expect(coordinator.delete('group 2')).toBe(0)
    expect(await codeOf(join())).toBe(0)
  })
})

describe('a static member', () => {
  it('comes back to its assignment without a rebalance, and shuts out who was there', async () => {
    const { join, sync, beat, stable, coordinator, state } = setUp()
    const { leader, follower } = await stable()
    const joining = join({ groupInstanceId: 'i' })
    const again = await Promise.all([
      join({ memberId: leader.memberId }),
      joining,
      join({ memberId: follower.memberId }),
    ])
    const [led, first] = again
    await sync(led, { [first.memberId]: 'mine' })
    for (const each of [first, again[2]]) await sync(each)
    const back = await join({ groupInstanceId: 'i' })
    expect(state()).toBe('Stable')
    expect(back.memberId).not.toBe(first.memberId)
    expect(back.generationId).toBe(led.generationId)
    expect((await sync(back)).assignment.toString()).toBe('mine')
    const identity = { generationId: first.generationId ?? 0, memberId: first.memberId, groupInstanceId: 'i' }
    expect(coordinator.heartbeat(G, identity)).toBe(ERROR.fencedInstanceId)
    expect(beat(back)).toBe(0)
    expect(coordinator.leave(G, { memberId: '', groupInstanceId: 'i' })).toBe(0)
    expect(coordinator.leave(G, { memberId: '', groupInstanceId: 'i' })).toBe(ERROR.unknownMemberId)
  })

  it('that leads may be told not to assign, if it knows that', async () => {
    const { join, sync } = setUp()
    const first = await join({ groupInstanceId: 'i' })
    await sync(first, { [first.memberId]: 'all' })
    expect(await join({ groupInstanceId: 'i', version: 5 })).toMatchObject({ leader: first.memberId, members: [] })
    const back = await join({ groupInstanceId: 'i', version: 9 })
    expect(back).toMatchObject({ leader: back.memberId, skipAssignment: true, members: [{ memberId: back.memberId }] })
  })
})

describe('offsets', () => {
  it('are committed by members of this generation, or by anybody while there are none', async () => {
    const { commit, stable, coordinator, join, sync } = setUp()
    expect(commit({ generationId: 3 })).toBe(ERROR.illegalGeneration)
    expect(commit({})).toBe(0)
    expect(coordinator.committed(G, 'orders', 0)?.offset).toBe(7)
    const { leader } = await stable()
    expect(commit({})).toBe(ERROR.unknownMemberId)
    expect(commit({ memberId: leader.memberId, generationId: 1 })).toBe(ERROR.illegalGeneration)
    expect(commit({ memberId: leader.memberId, generationId: 2 })).toBe(0)
    expect(commit({ memberId: leader.memberId, generationId: 2 }, 'x'.repeat(1025))).toBe(12)
    coordinator.expire(G)
    const alone = await join()
    expect(commit(alone)).toBe(ERROR.rebalanceInProgress)
    await sync(alone)
    expect(commit(alone)).toBe(0)
  })

  it('outlive the members, go with their topic, and with the group', async () => {
    const { commit, stable, coordinator } = setUp()
    const { leader } = await stable()
    commit({ memberId: leader.memberId, generationId: 2 })
    expect(coordinator.delete(G)).toBe(ERROR.nonEmptyGroup)
    coordinator.expire(G)
    expect(coordinator.list()).toEqual([])
    expect(coordinator.offsetsOf(G)).toMatchObject([{ topic: 'Orders', partition: 0, offset: 7 }])
    coordinator.forgetTopic('ORDERS')
    expect(coordinator.ids()).toEqual([])
    commit({})
    expect(coordinator.delete(G)).toBe(0)
    expect(coordinator.delete(G)).toBe(ERROR.groupIdNotFound)
  })
})

describe('a group as Apache Kafka has it', () => {
  it('gives a new member its id first, and is listed without members', async () => {
    const { join, coordinator, state, clock } = setUp({ groups: 'kafka' })
    const first = await join()
    expect(first).toMatchObject({ errorCode: ERROR.memberIdRequired, memberId: expect.stringMatching(/^client-/) })
    const joined = await join({ memberId: first.memberId })
    expect(joined).toMatchObject({ errorCode: 0, memberId: first.memberId })
    coordinator.expire(G)
    expect(state()).toBe('Empty')
    expect(coordinator.list()).toMatchObject([{ groupId: G, state: 'Empty' }])
    await join()
    await clock.pass(10_000)
    expect(clock.timers).toBe(0)
    expect(await codeOf(join({ version: 3 }))).toBe(0)
  })
})
