import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, Partitioners } from 'kafkajs-eventhubs'
import { describe, expect, it } from 'vitest'
import { checkpointStoreFromString } from '../../../src/checkpoint/from-string.js'
import { startEmulator } from '../../../src/emulator/index.js'
import { Accounting, type Accounts, watchCommits } from '../../support/accounting.js'
import { startAzurite } from '../../support/azurite.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'
import { type Member, type MemberLine, type MemberOptions, monotonicNow, startMember } from '../../support/members.js'
import { scaled } from '../../support/pace.js'
import { startProduction } from '../../support/production.js'

/** Short, but longer than a busy machine keeps a member from renewing its leases. */
const session = () => ({ sessionTimeout: Math.round(scaled(4000)), heartbeatInterval: 500 })
const GROUP = 'g'

interface Stage extends AsyncDisposable {
  readonly accounting: Accounting
  member(name: string, options?: Partial<MemberOptions>): Member
  /** Stops producing, waits until everything is handled, and closes the books. */
  finish(timeout?: number): Promise<Accounts>
}

/** An emulator, a store, production that goes on all the while, and books that are kept of it. */
async function open(
  storeText: string,
  { topics = ['orders'], partitions = 6, pause = 20 }: { topics?: string[]; partitions?: number; pause?: number } = {},
): Promise<Stage> {
  const toDispose: AsyncDisposable[] = []
  const use = <T extends AsyncDisposable>(resource: T): T => {
    toDispose.unshift(resource)
    return resource
  }
  const { emulator } = use(await openEmulator())
  for (const name of topics) emulator.eventHubs.create({ name, partitionCount: partitions })
  const { connectionString } = emulator
  const accounting = new Accounting()
  const store = checkpointStoreFromString(storeText)
  const commits = watchCommits({
    accounting,
    store,
    namespace: `localhost:${emulator.port}`,
    groupId: GROUP,
    topics,
  })
  use(commits)
  const kafka = new Kafka({ clientId: 'production', logLevel: 0, eventHubs: { connectionString } })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  use(disposable(producer))
  await producer.connect()
  const production = use(startProduction({ producer, accounting, topics, partitions, pause }))

  return {
    accounting,
    member(name, options = {}) {
      const member = startMember({
        connectionString,
        store: storeText,
        groupId: GROUP,
        topics,
        clientId: name,
        consumer: session(),
        handlerDelay: 1,
        run: { partitionsConsumedConcurrently: partitions },
        ...options,
      })
      use(member)
      accounting.follow(member, name)
      return member
    },
    async finish(timeout = 20_000) {
      await production.stop()
      await eventually(() => expect(accounting.handledCount).toBe(accounting.producedCount), { timeout })
      await commits.look()
      return accounting.close()
    },
    async [Symbol.asyncDispose]() {
      for (const resource of toDispose) await resource[Symbol.asyncDispose]()
    },
  }
}

/** What must be true whatever happened. */
function expectNothingLost(accounts: Accounts) {
  expect(accounts).toMatchObject({ missing: [], unknown: [], outOfOrder: [], backwards: [] })
  expect(accounts.produced).toBeGreaterThan(100)
}

/**
 * Messages that a member had handled and, as far as it could tell, not yet committed, at a moment of the past. To be asked
 * when its lines are in: what it wrote may still be under way at the moment itself.
 */
function uncommittedOf(member: Member, moment = Number.POSITIVE_INFINITY): (MemberLine & { type: 'message' })[] {
  const committed = new Map<string, bigint>()
  const lines = member.lines.filter((line) => 'at' in line && line.at <= moment)
  for (const line of lines) {
    if (line.type === 'committed') committed.set(`${line.topic}/${line.partition}`, BigInt(line.offset))
  }
  return lines.filter(
    (line): line is MemberLine & { type: 'message' } =>
      line.type === 'message' && BigInt(line.offset) >= (committed.get(`${line.topic}/${line.partition}`) ?? 0n),
  )
}

/** The first offset of the batch in which a member handled a message. */
function batchOf(member: Member, { partition, offset, at }: MemberLine & { type: 'message' }): string | undefined {
  const batch = member.lines.findLast((line) => line.type === 'batch' && line.partition === partition && line.at <= at)
  const isIn = batch?.type === 'batch' && BigInt(offset) <= BigInt(batch.lastOffset)
  return isIn ? batch.firstOffset : undefined
}

const handledMore = (stage: Stage, count: number) => {
  const from = stage.accounting.handledCount
  return eventually(() => expect(stage.accounting.handledCount).toBeGreaterThan(from + count), { timeout: 20_000 })
}

const stores = [
  {
    name: 'file store',
    async open() {
      const directory = await mkdtemp(join(tmpdir(), 'group-'))
      return {
        text: `file:${directory}`,
        [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
      }
    },
  },
  {
    name: 'blob store',
    async open() {
      const azurite = await startAzurite()
      return { text: azurite.containerUrl('checkpoints'), [Symbol.asyncDispose]: () => azurite[Symbol.asyncDispose]() }
    },
  },
]

describe.each(stores)('members in processes of their own, $name', (kind) => {
  it('come and go in peace: nothing lost, nothing twice', async () => {
    await using store = await kind.open()
    await using stage = await open(store.text)
    const a = stage.member('a')
    await a.joined()
    await handledMore(stage, 50)
    const b = stage.member('b')
    await b.joined()
    await handledMore(stage, 50)
    const c = stage.member('c')
    await c.joined()
    await handledMore(stage, 50)
    await a.leave()
    await handledMore(stage, 50)
    await b.leave()
    await handledMore(stage, 50)
    const accounts = await stage.finish()
    expectNothingLost(accounts)
    expect(accounts.duplicated).toEqual([])
    expect(Object.keys(accounts.byMember).sort()).toEqual(['a', 'b', 'c'])
  })

  it('are killed in the middle: only what was not committed comes twice', async () => {
    await using store = await kind.open()
    await using stage = await open(store.text)
    const [a, b] = [stage.member('a', { handlerDelay: 5 }), stage.member('b', { handlerDelay: 5 })]
    await Promise.all([a.joined(), b.joined()])
    await handledMore(stage, 100)
    const killed = monotonicNow()
    a.kill('SIGKILL')
    await a.ended
    await b.joined(killed)
    await handledMore(stage, 50)
    const accounts = await stage.finish()
    expectNothingLost(accounts)
    expect(accounts.duplicates).toBeLessThanOrEqual(uncommittedOf(a).length)
    for (const { members } of accounts.duplicated) expect(members).toEqual(['a', 'b'])
  })

  it('fall asleep for longer than the session: they neither commit nor read on', async () => {
    await using store = await kind.open()
    await using stage = await open(store.text)
    const [a, b] = [stage.member('a', { handlerDelay: 5 }), stage.member('b', { handlerDelay: 5 })]
    await Promise.all([a.joined(), b.joined()])
    await handledMore(stage, 100)
    a.kill('SIGSTOP')
    const asleep = monotonicNow()
    await b.joined(asleep)
    await handledMore(stage, 50)
    const awake = monotonicNow()
    a.kill('SIGCONT')
    await a.joined(awake)
    await handledMore(stage, 50)
    const accounts = await stage.finish()
    expectNothingLost(accounts)
    // Of what the other had handled meanwhile it handles no more than what was in its handler when it fell asleep.
    const staleReads = accounts.duplicated.filter(({ members }) => members.at(-1) === 'a' && members.includes('b'))
    expect(staleReads.length).toBeLessThanOrEqual(6)
    expect(accounts.duplicates).toBeLessThanOrEqual(uncommittedOf(a, asleep).length + 6)
  })
})

it('3 members × 12 partitions × 3 topics: nothing lost while members come, go and are killed', async () => {
  await using store = await (stores[0] as (typeof stores)[number]).open()
  await using stage = await open(store.text, { topics: ['orders', 'payments', 'returns'], partitions: 12, pause: 100 })
  const members = ['a', 'b', 'c'].map((name) => stage.member(name))
  await Promise.all(members.map((member) => member.joined()))
  await handledMore(stage, 500)
  const killed = monotonicNow()
  members[0]?.kill('SIGKILL')
  await members[1]?.joined(killed)
  const d = stage.member('d')
  await d.joined()
  await handledMore(stage, 300)
  await members[2]?.leave()
  await handledMore(stage, 300)
  const accounts = await stage.finish(40_000)
  expectNothingLost(accounts)
  expect(accounts.duplicates).toBeLessThanOrEqual(uncommittedOf(members[0] as Member).length)
})

it('go on when the store is away for 20 s', async () => {
  await using azurite = await startAzurite()
  await using stage = await open(azurite.containerUrl('checkpoints'), { pause: 100 })
  const members = ['a', 'b'].map((name) => stage.member(name, { consumer: {} }))
  await Promise.all(members.map((member) => member.joined()))
  await handledMore(stage, 100)
  await azurite.stop()
  // The members are processes, and the store another one: their time can't be moved.
  await sleep(20_000)
  const back = monotonicNow()
  await azurite.start()
  const accounts = await stage.finish(60_000)
  const uncommitted = members.flatMap((member) => uncommittedOf(member, back).map((line) => ({ member, line })))
  expectNothingLost(accounts)
  // Each partition stops at the batch it can't commit, and reads that again if it had to start anew.
  expect(accounts.duplicates).toBeLessThanOrEqual(uncommitted.length)
  const stoppedAt = new Map<number, Set<string | undefined>>()
  for (const { member, line } of uncommitted) {
    stoppedAt.set(line.partition, (stoppedAt.get(line.partition) ?? new Set()).add(batchOf(member, line)))
  }
  for (const batches of stoppedAt.values()) expect([...batches]).toEqual([expect.any(String)])
})

it('outlive an emulator that is started again with nothing in it', async () => {
  await using store = await (stores[0] as (typeof stores)[number]).open()
  const topic = 'orders'
  const eventHubs = [{ name: topic, partitionCount: 4 }]
  const accounting = new Accounting()
  const first = await startEmulator({ eventHubs })
  const { port, connectionString } = first
  const kafka = new Kafka({ clientId: 'production', logLevel: 0, eventHubs: { connectionString } })
  const produce = async (from: number, count: number) => {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const values = Array.from({ length: count }, (_, i) => String(from + i))
    await producer.send({ topic, messages: values.map((value, i) => ({ value, partition: i % 4 })) })
    await producer.disconnect()
    for (const value of values) accounting.produced(value)
  }
  await using member = startMember({
    connectionString,
    store: store.text,
    groupId: GROUP,
    topics: [topic],
    consumer: session(),
  })
  accounting.follow(member, 'a')
  await member.joined()
  await produce(0, 200)
  await eventually(() => expect(accounting.isComplete).toBe(true), { timeout: 20_000 })
  await first.close()
  const second = await startEmulator({ port, eventHubs })
  // Fewer than before: the committed offsets lie behind the end of what is there now.
  await produce(1000, 100)
  await eventually(() => expect(accounting.isComplete).toBe(true), { timeout: 30_000 })
  await member.leave()
  await second.close()
})
