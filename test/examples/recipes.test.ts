import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { main as backPressure } from '../../examples/back-pressure.js'
import { main as batchEtl } from '../../examples/batch-etl.js'
import { main as customStore } from '../../examples/custom-store.js'
import { main as deadLetters } from '../../examples/dead-letters.js'
import { configuration } from '../../examples/managed-identity.js'
import { main as manyConsumers } from '../../examples/many-consumers.js'
import { main as metrics } from '../../examples/metrics.js'
import { main as migrateOffsets } from '../../examples/migrate-offsets/main.js'
import { main as mixedFleet } from '../../examples/mixed-fleet.js'
import { main as quickStart } from '../../examples/quick-start.js'
import { main as replay } from '../../examples/replay.js'
import { main as webSockets } from '../../examples/websockets.js'
import { Kafka } from '../../src/index.js'

const quiet = () => undefined

it('batch-etl loads every reading once', async () => {
  const loaded = await batchEtl(undefined, quiet)
  expect(loaded).toHaveLength(200)
  expect(loaded).toContainEqual({ sensor: 's0', fahrenheit: 32 })
})

it('dead-letters tries three times, and holds up nothing', async () => {
  const lines: string[] = []
  const { done, dead } = await deadLetters(undefined, (line) => lines.push(line))
  expect(done.toSorted()).toEqual(['one espresso', 'two teas'])
  expect(dead).toEqual(['a cheque that bounces'])
  expect(lines).toHaveLength(3)
})

it('many-consumers shares six partitions out among three, then two', async () => {
  const { three, two } = await manyConsumers(undefined, quiet)
  expect(Object.values(three).flat().sort()).toEqual([0, 1, 2, 3, 4, 5])
  expect(Object.values(two).flat().sort()).toEqual([0, 1, 2, 3, 4, 5])
})

it('back-pressure never holds more than there is room for', async () => {
  const { most, pauses } = await backPressure(undefined, quiet)
  expect(most).toBe(10)
  expect(pauses).toBeGreaterThan(0)
})

it('replay reads again from a moment, and sets a group back', async () => {
  const { read, committed } = await replay(undefined, quiet)
  expect(read).toEqual(['before 1', 'before 2', 'after 1', 'after 2', 'after 1', 'after 2'])
  expect(committed).toBe('1')
})

it('migrate-offsets has this package go on where kafkajs stopped, and carries nothing twice', async () => {
  expect(await migrateOffsets(undefined, quiet)).toEqual({
    before: ['one', 'two', 'three'],
    carried: [{ partition: 0, offset: '3' }],
    again: [],
    after: ['four', 'five'],
  })
})

it('quick-start reads what it sent', async () => {
  expect(await quickStart(undefined, quiet)).toEqual({ language: 'en', text: 'hello' })
})

it('mixed-fleet has a reader on this package see everything, and one on kafkajs no key of what came over AMQP', async () => {
  expect(await mixedFleet(undefined, quiet)).toEqual({
    ours: ['customer-1=kafkajs', 'customer-1=this package'],
    theirs: ['customer-1=kafkajs', 'null=this package'],
  })
})

it('custom-store goes on where the first consumer stopped', async () => {
  expect(await customStore(undefined, quiet)).toEqual({ first: ['a', 'b'], second: ['c'] })
})

it('metrics tells Prometheus of the message that is left', async () => {
  const lines = (await metrics()).split('\n')
  expect(lines).toContain('kafka_lag{groupId="kitchen",topic="orders",partition="0"} 1')
  expect(lines).toContain('kafka_queued_bytes{id="0"} 0')
  expect(lines).toContain('kafka_store_errors_total{method="claimOwnership"} 0')
  // The page shows what has run here.
  const [docs, example] = await Promise.all(
    ['docs/observability.md', 'examples/metrics.ts'].map((file) =>
      readFile(new URL(`../../${file}`, import.meta.url), 'utf8'),
    ),
  )
  const [shown] = /const toMetrics[\s\S]*?\n}\n/.exec(example ?? '') ?? []
  expect(docs).toContain(shown)
})

it('websockets sends over the port of the emulator', async () => {
  expect(await webSockets()).toEqual(['through port 443'])
})

it('managed-identity is a configuration that Kafka takes', () => {
  const config = configuration('ns.servicebus.windows.net', 'https://account.blob.core.windows.net/checkpoints')
  expect(() => new Kafka(config).consumer({ groupId: 'g' })).not.toThrow()
})
