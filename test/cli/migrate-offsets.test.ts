import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { expect, test } from 'vitest'
import { hideTimerWarnings } from '../../src/cli/original-kafkajs.js'
import { startEmulator } from '../../src/emulator/index.js'
import { Kafka, Partitioners } from '../../src/index.js'
import { runCommand } from '../support/cli.js'

/** A namespace with ten messages, a store for it, and real kafkajs's admin client on its Kafka endpoint. */
async function openNamespace() {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
  const folder = await mkdtemp(join(tmpdir(), 'migrate-'))
  const { connectionString } = emulator
  const store = `file:${folder}`
  const eventHubs = { connectionString, checkpointStore: store }
  const kafka = new Kafka({ clientId: 'test', logLevel: 1, eventHubs })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: Array.from({ length: 10 }, () => ({ value: 'x', partition: 0 })) })
  await producer.disconnect()
  const ours = kafka.admin()
  const theirs = new kafkajs.Kafka({ ...emulator.kafkaEndpointConfig(), logLevel: kafkajs.logLevel.NOTHING }).admin()
  await theirs.connect()
  const groupId = 'billing'
  const at = ['--connection-string', connectionString, '--store', store, '--group', groupId]
  return {
    emulator,
    migrate: (...args: string[]) => runCommand(['migrate-offsets', ...at, ...args]),
    ours,
    theirs,
    set: (admin: Pick<typeof ours, 'setOffsets'>, offset: string) =>
      admin.setOffsets({ groupId, topic: 'orders', partitions: [{ partition: 0, offset }] }),
    committed: async (admin: Pick<typeof ours, 'fetchOffsets'>) => {
      const [topic] = await admin.fetchOffsets({ groupId, topics: ['orders'] })
      return topic?.partitions.find(({ partition }) => partition === 0)?.offset
    },
    async [Symbol.asyncDispose]() {
      await theirs.disconnect()
      await ours.disconnect()
      await emulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('carries offsets from the Kafka endpoint to the store, when it is told to', async () => {
  await using space = await openNamespace()
  await space.set(space.theirs, '7')
  const planned = await space.migrate()
  expect(planned).toEqual({
    code: 0,
    errors: '',
    output: [
      'group    topic   partition  committed  set  note',
      'billing  orders          0          7    7',
      'Nothing is changed yet: add --execute to do it',
      '',
    ].join('\n'),
  })
  expect(await space.committed(space.ours)).toBe('-1')
  expect((await space.migrate('--execute')).output).toContain('Done')
  expect(await space.committed(space.ours)).toBe('7')

  // A second run harms nobody.
  await space.set(space.ours, '9')
  const again = JSON.parse((await space.migrate('--execute', '--json')).output)
  expect(again).toEqual({
    executed: true,
    offsets: [
      { group: 'billing', topic: 'orders', partition: 0, committed: '7', note: 'kept 9, which is there already' },
    ],
  })
  expect(await space.committed(space.ours)).toBe('9')
  await space.migrate('--execute', '--overwrite')
  expect(await space.committed(space.ours)).toBe('7')
})

test('carries them back', async () => {
  await using space = await openNamespace()
  await space.set(space.ours, '4')
  expect((await space.migrate('--from', 'store', '--execute')).output).toContain('Done')
  expect(await space.committed(space.theirs)).toBe('4')
})

test('takes the oldest that is left, and does not carry what another event hub has been given', async () => {
  await using space = await openNamespace()
  await space.set(space.theirs, '3')
  space.emulator.eventHubs.get('orders')?.setRetention({ count: 4 })
  expect(JSON.parse((await space.migrate('--json')).output).offsets).toMatchObject([
    { committed: '3', set: '6', note: 'the oldest that is left' },
  ])
  space.emulator.eventHubs.delete('orders')
  space.emulator.eventHubs.create({ name: 'orders', partitionCount: 2 })
  await space.set(space.theirs, '8')
  expect(JSON.parse((await space.migrate('--json')).output).offsets).toMatchObject([
    { note: 'lies beyond the end, 0: is this the same event hub?' },
  ])
})

test('says what it lacks', async () => {
  await using space = await openNamespace()
  expect((await space.migrate()).output).toBe('The Kafka endpoint has no offsets of billing\n')
  const { connectionString } = space.emulator
  const storeless = await runCommand(['migrate-offsets', '--group', 'g', '--connection-string', connectionString])
  expect(storeless).toMatchObject({ code: 2, errors: expect.stringContaining('--store') })
})

test('keeps the warning of kafkajs’s timers on Node.js 24 from the terminal, and no other', async () => {
  const told: string[] = []
  const listener = (warning: Error) => told.push(warning.name)
  process.on('warning', listener)
  const showTimerWarnings = hideTimerWarnings()
  process.emitWarning('-1 is a negative number.', 'TimeoutNegativeWarning')
  process.emitWarning('Something else.', 'SomeWarning')
  showTimerWarnings()
  process.emitWarning('-1 is a negative number.', 'TimeoutNegativeWarning')
  await new Promise(setImmediate)
  process.off('warning', listener)
  expect(told).toEqual(['SomeWarning', 'TimeoutNegativeWarning'])
})
