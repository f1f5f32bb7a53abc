import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import { runCommand, startCommand } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

async function openOrders() {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
  const folder = await mkdtemp(join(tmpdir(), 'cli-'))
  const at = ['--connection-string', emulator.connectionString, '--store', `file:${folder}`]
  for (const [partition, count] of [
    [0, 3],
    [1, 1],
  ]) {
    const produced = await runCommand(['produce', 'orders', '--partition', String(partition), ...at], {
      input: 'x\n'.repeat(count ?? 0),
    })
    expect(produced).toMatchObject({ code: 0 })
  }
  return {
    at,
    emulator,
    async [Symbol.asyncDispose]() {
      await emulator.close()
      await rm(folder, { recursive: true })
    },
  }
}

test('consumes as a group, describes it, resets it and forgets it', async () => {
  await using orders = await openOrders()
  const consume = () =>
    runCommand(['consume', 'orders', '--group', 'billing', '--from-beginning', '--until-end', ...orders.at])
  expect(await consume()).toMatchObject({ code: 0, output: 'x\n'.repeat(4) })
  // It has committed: there is nothing left.
  expect(await consume()).toMatchObject({ code: 0, output: '' })
  expect((await runCommand(['groups', 'list', ...orders.at])).output).toBe(
    'group    state  members\nbilling  Empty        0\n',
  )

  const reset = ['groups', 'reset', 'billing', '--topic', 'orders', '--to-offset', '1']
  const planned = await runCommand([...reset, ...orders.at])
  expect(planned.output).toContain('Nothing is changed yet')
  const describe = async () =>
    JSON.parse((await runCommand(['groups', 'describe', 'billing', '--json', ...orders.at])).output)
  expect(await describe()).toMatchObject([{ group: 'billing', state: 'Empty', members: [], lag: '0' }])
  const done = await runCommand([...reset, '--execute', '--json', ...orders.at])
  expect(JSON.parse(done.output)).toEqual({
    group: 'billing',
    executed: true,
    changes: [
      { topic: 'orders', partition: 0, from: '3', to: '1' },
      { topic: 'orders', partition: 1, from: '1', to: '1' },
    ],
  })
  expect(await describe()).toMatchObject([
    { lag: '2', partitions: [{ partition: 0, committed: '1', end: '3', lag: '2' }, { lag: '0' }] },
  ])

  expect((await runCommand(['groups', 'delete', 'billing', '--yes', ...orders.at])).output).toBe('Deleted billing\n')
  const again = await runCommand(['groups', 'delete', 'billing', '--yes', ...orders.at])
  expect(again).toMatchObject({ code: 1, errors: expect.stringMatching(/^error: billing: The group id .*\n$/) })
})

test('shows members, and refuses to move a group that has some', async () => {
  await using orders = await openOrders()
  const member = startCommand(['consume', 'orders', '--group', 'billing', ...orders.at])
  await eventually(
    async () => {
      const [report] = JSON.parse((await runCommand(['groups', 'describe', 'billing', '--json', ...orders.at])).output)
      expect(report.members).toHaveLength(1)
      expect(report.partitions.map(({ member }: { member: string }) => member)).toEqual(
        Array(2).fill('kafkajs-eventhubs-cli'),
      )
      // It reads before it has told that it does.
      expect(report.state).toBe('Stable')
    },
    { timeout: 15_000 },
  )
  const reset = await runCommand([
    'groups',
    'reset',
    'billing',
    '--topic',
    'orders',
    '--to-latest',
    '--execute',
    ...orders.at,
  ])
  expect(reset).toMatchObject({ code: 1, errors: expect.stringContaining('no running instances') })
  member.interrupt()
  expect(await member.exit).toBe(0)
})

test('tells of a group that does not exist, and shows the others', async () => {
  await using orders = await openOrders()
  const describe = (...args: string[]) => runCommand(['groups', 'describe', ...args, ...orders.at])
  const missing = await describe('nosuch')
  expect(missing).toEqual({ code: 1, output: '', errors: "error: Consumer group 'nosuch' does not exist.\n" })
  const reset = ['groups', 'reset', 'billing', '--topic', 'orders', '--to-latest', '--execute', ...orders.at]
  expect(await runCommand(reset)).toMatchObject({ code: 0 })
  const both = await describe('nosuch', 'billing', '--json')
  expect(both).toMatchObject({ code: 1, errors: missing.errors })
  expect(JSON.parse(both.output)).toMatchObject([{ group: 'billing', state: 'Empty' }])
})

test('says where the groups of an emulator are', async () => {
  await using emulator = await startEmulator()
  const { errors, code } = await runCommand(['groups', 'list', '--connection-string', emulator.connectionString])
  expect(code).toBe(0)
  expect(errors).toContain('--store')
})

test.each([
  [[], '--topic <name>'],
  [['--topic', 'orders'], 'Say where to'],
  [['--topic', 'orders', '--to-latest', '--to-earliest'], 'Say where to'],
])('groups reset with %j is refused', async (args, text) => {
  const outcome = await runCommand(['groups', 'reset', 'billing', ...args, '-b', 'localhost:1'])
  expect(outcome).toMatchObject({ code: 2, output: '' })
  expect(outcome.errors).toContain(text)
})
