import * as kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { migrateOffsets } from '../../src/cli/offset-migration.js'
import { startEmulator } from '../../src/emulator/index.js'
import * as ours from '../../src/index.js'
import { eventually } from '../support/eventually.js'

const TOPIC = 'orders'
const groupId = 'billing'
const quick = { groupId, maxWaitTimeInMs: 100, heartbeatInterval: 100, sessionTimeout: 6000 }
const quiet = { logLevel: kafkajs.logLevel.NOTHING }

/** One message as a member read it. */
interface Handled {
  readonly id: string
  readonly partition: number
  readonly offset: number
}

async function startMembers(kafka: kafkajs.Kafka, count: number, handled: Handled[], autoCommitThreshold = 20) {
  const members = Array.from({ length: count }, () => kafka.consumer(quick))
  for (const member of members) {
    await member.connect()
    await member.subscribe({ topics: [TOPIC], fromBeginning: true })
    await member.run({
      autoCommitThreshold,
      eachMessage: async ({ partition, message }) => {
        handled.push({ id: String(message.value), partition, offset: Number(message.offset) })
      },
    })
  }
  return { stop: () => Promise.all(members.map((member) => member.disconnect())) }
}

/** What was committed when the offsets were carried over. */
async function committedBy(kafka: kafkajs.Kafka): Promise<Map<number, number>> {
  const admin = kafka.admin()
  await admin.connect()
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [TOPIC] })
  await admin.disconnect()
  return new Map(offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
}

async function carry(from: kafkajs.Kafka, to: kafkajs.Kafka, overwrite = false) {
  const [source, target] = [from.admin(), to.admin()]
  await Promise.all([source.connect(), target.connect()])
  try {
    return await migrateOffsets({
      from: source as never,
      to: target as never,
      groupIds: [groupId],
      topics: [TOPIC],
      overwrite,
    })
  } finally {
    await Promise.all([source.disconnect(), target.disconnect()])
  }
}

/** What of a later stage had been handled before: only what was not committed may be. */
function expectOnlyUncommittedRepeated(
  before: readonly Handled[],
  after: readonly Handled[],
  committed: Map<number, number>,
) {
  const known = new Set(before.map(({ id }) => id))
  for (const { id, partition, offset } of after) {
    if (known.has(id)) expect(offset).toBeGreaterThanOrEqual(committed.get(partition) ?? 0)
  }
}

describe('a group under load', () => {
  it('moves from kafkajs to this library and back: nothing is lost, only the uncommitted repeated', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: TOPIC, partitionCount: 4 }] })
    const theirs = new kafkajs.Kafka({ ...quiet, ...emulator.kafkaEndpointConfig({ clientId: 'old' }) })
    const own = new ours.Kafka({ ...quiet, ...emulator.kafkaConfig({ clientId: 'new' }) }) as unknown as kafkajs.Kafka

    const producer = theirs.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    let sent = 0
    let isLoaded = true
    const load = (async () => {
      while (isLoaded) {
        const messages = Array.from({ length: 10 }, () => ({ key: `k${sent % 37}`, value: `m${sent++}` }))
        await producer.send({ topic: TOPIC, messages })
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()

    const stages: Handled[][] = [[], [], []]
    const [first, second, third] = stages as [Handled[], Handled[], Handled[]]
    const old = await startMembers(theirs, 2, first)
    await eventually(() => first.length > 300)
    await old.stop()
    const carried = await carry(theirs, own)
    expect(carried).toHaveLength(4)
    expect(carried.every(({ set, committed }) => set === committed)).toBe(true)
    const committed = await committedBy(theirs)

    const moved = await startMembers(own, 2, second)
    await eventually(() => second.length > 300)
    await moved.stop()
    const backwards = await carry(own, theirs, true)
    expect(backwards.every(({ set, committed: was }) => set === was)).toBe(true)
    const committedByOurs = await committedBy(own)

    isLoaded = false
    await load
    await producer.disconnect()
    const returned = await startMembers(theirs, 2, third)
    const all = Array.from({ length: sent }, (_, index) => `m${index}`)
    const handled = () => new Set(stages.flat().map(({ id }) => id))
    await eventually(() => handled().size === sent, { timeout: 30_000 })
    await returned.stop()

    expect([...handled()].sort()).toEqual(all.sort())
    expectOnlyUncommittedRepeated(first, second, committed)
    expectOnlyUncommittedRepeated(second, third, committedByOurs)
    expect(emulator.kafkaGroups.get(groupId)?.offsets.map(({ lag }) => lag)).toEqual([0, 0, 0, 0])
  })
})
