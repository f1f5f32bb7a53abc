import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import { startEmulator } from '../../../src/emulator/index.js'
import { eventually } from '../../support/eventually.js'
import type { Figures } from './situations.js'
import type { Timings } from './stage.js'

/** Many members, all in this process, join a topic of many partitions with a message in each. */
export async function joinAllAtOnce(
  timings: Timings,
  { members, partitions }: { members: number; partitions: number },
): Promise<Figures> {
  const topic = 'orders'
  await using emulator = await startEmulator({ eventHubs: [{ name: topic, partitionCount: partitions }] })
  const directory = await mkdtemp(join(tmpdir(), 'recovery-'))
  const kafkaOf = (clientId: string) =>
    new Kafka({
      ...emulator.kafkaConfig({ clientId }),
      logLevel: logLevel.NOTHING,
      eventHubs: { connectionString: emulator.connectionString, checkpointStore: `file:${directory}` },
    })
  const producer = kafkaOf('production').producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({
    topic,
    messages: Array.from({ length: partitions }, (_, partition) => ({ partition, value: 'x' })),
  })
  await producer.disconnect()

  const seen = new Set<number>()
  const shares = new Map<number, number>()
  const consumers = Array.from({ length: members }, (_, i) => {
    const consumer = kafkaOf(`member-${i}`).consumer({ groupId: 'many', ...timings })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      shares.set(i, Object.values(payload.memberAssignment).flat().length),
    )
    consumer.on(consumer.events.REBALANCING, () => shares.delete(i))
    return consumer
  })
  try {
    await Promise.all(consumers.map((consumer) => consumer.subscribe({ topic, fromBeginning: true })))
    const since = performance.now()
    let recovery = 0
    const eachMessage = async ({ partition }: { partition: number }) => {
      if (seen.size === partitions) return
      seen.add(partition)
      recovery = performance.now() - since
    }
    await Promise.all(consumers.map((consumer) => consumer.run({ eachMessage })))
    await eventually(() => seen.size === partitions, { timeout: 60_000 })
    const isSettled = () => shares.size === members && [...shares.values()].every((n) => n === partitions / members)
    await eventually(isSettled, { timeout: 60_000 })
    return { recovery, more: { 'ms until all have settled': performance.now() - since } }
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.disconnect()))
    await rm(directory, { recursive: true, force: true })
  }
}
