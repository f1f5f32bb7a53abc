import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { type LogEntry, logLevel, memoryCheckpointStore } from 'kafkajs-eventhubs'
import { expect, it } from 'vitest'
import { openBench } from '../../support/consuming.js'
import { eventually } from '../../support/eventually.js'
import { openEmulator } from '../../support/harness.js'

/** The same in every run. */
const seed = 20_260_714

const whole = {
  v: 1,
  memberId: 'stranger',
  clientId: 'c',
  clientHost: 'h',
  sessionTimeout: 30_000,
  topics: { other: 1 },
  protocols: [{ name: 'RoundRobinAssigner', metadata: 'AAE=' }],
  state: 'stable',
}
const fields = Object.keys(whole) as (keyof typeof whole)[]
const odd = fc.oneof(
  fc.constant(null),
  fc.constant([null]),
  fc.constant({ '': null }),
  fc.constant(-1),
  fc.constant(true),
  fc.constant({ __proto__: null, orders: 1e15 }),
)
/** Members' records of which one field is of an odd shape, and values that are no records at all. */
const members = fc.oneof(
  fc.tuple(fc.constantFrom(...fields), odd).map(([field, value]) => ({ ...whole, [field]: value })),
  fc.jsonValue({ maxDepth: 2 }),
)
/** Any number will do for a time-out. */
const isOdd = (value: unknown) => (value as Partial<typeof whole> | null)?.sessionTimeout !== -1
const partitionIds = ['01', '0x1', '1e0', ' 1', '-1', '1.0', '9'.repeat(30), 'one', '１']

it('a group lives with records of any shape beside its own, and tells of them', async () => {
  await using target = await openEmulator()
  const store = memoryCheckpointStore()
  const entries: LogEntry[] = []
  await using bench = await openBench(target, {
    partitions: 2,
    kafka: {
      eventHubs: { ...target.config().eventHubs, checkpointStore: store },
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => void entries.push(entry),
    },
  })
  const key = { fullyQualifiedNamespace: `localhost:${target.emulator.port}`, consumerGroup: bench.groupId }
  const records = fc.sample(members.filter(isOdd), { seed, numRuns: 60 })
  const slots = records.map((record) => deflateRawSync(JSON.stringify(record)).toString('base64url'))
  for (const [index, ownerId] of [...slots, 'no-deflate', 'x'.repeat(6000)].entries()) {
    await store.claimOwnership([{ ...key, eventHubName: '$members', partitionId: String(index), ownerId }])
  }
  await store.claimOwnership([{ ...key, eventHubName: '$members', partitionId: 'plan', ownerId: 'no-plan' }])
  for (const [index, partitionId] of partitionIds.entries()) {
    for (const eventHubName of [bench.topic, '$members']) {
      await store.claimOwnership([{ ...key, eventHubName, partitionId, ownerId: `kafkajs:%E0%A4%A${index}` }])
    }
    await store.updateCheckpoint({ ...key, eventHubName: bench.topic, partitionId, sequenceNumber: 1e6, offset: 'x' })
  }

  const consumer = bench.consumer()
  const crash = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  })
  crash.catch(() => {})
  const reading = await bench.read(consumer)
  for (const partition of [0, 1]) await bench.send(['a', 'b'], partition)
  await Promise.race([reading.count(4), crash])
  await eventually(async () => expect(await bench.committed()).toEqual({ 0: '2', 1: '2' }))
  const { groups } = await bench.admin.describeGroups([bench.groupId])
  expect(groups[0]?.members).toHaveLength(1)
  const told = entries.filter(({ log }) => /holds no member's record/.test(log.message))
  expect(told.map(({ label }) => label)).toEqual(Array(slots.length + 2).fill('WARN'))
})
