import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import { runCli, runCommand, startCommand } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

async function openOrders() {
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 2 }] })
  const at = ['--connection-string', emulator.connectionString]
  return { emulator, at, [Symbol.asyncDispose]: () => emulator.close() }
}

test('sends lines with keys and headers, and shows them', async () => {
  await using orders = await openOrders()
  const sent = await runCommand(
    ['produce', 'orders', '--key-separator', '\\t', '-H', 'source=shell', '--partition', '1', ...orders.at],
    { input: 'k1\tone\nk2\ttwo\n' },
  )
  expect(sent).toEqual({ code: 0, output: '', errors: '' })
  const format = ['--format', '%t/%p/%o %k=%s [%h] %%\\n']
  const read = await runCommand(['consume', 'orders', '--until-end', ...format, ...orders.at])
  expect(read).toMatchObject({ code: 0, errors: '' })
  expect(read.output).toBe('orders/1/0 k1=one [source=shell] %\norders/1/1 k2=two [source=shell] %\n')
})

test('reads from a file, and from beginning, offset, end and time', async () => {
  await using orders = await openOrders()
  const folder = await mkdtemp(join(tmpdir(), 'cli-'))
  const file = join(folder, 'lines')
  await writeFile(file, 'a\nb\nc\n')
  await runCommand(['produce', 'orders', '--file', file, '--partition', '0', ...orders.at])
  await runCommand(['produce', 'orders', '--partition', '1', ...orders.at], { input: 'z\n' })
  await rm(folder, { recursive: true })

  const read = async (...args: string[]) =>
    lines((await runCommand(['consume', 'orders', ...args, ...orders.at])).output)
  expect((await read('--from-beginning', '--until-end')).sort()).toEqual(['a', 'b', 'c', 'z'])
  expect(await read('--offset', '1', '--partition', '0', '--until-end')).toEqual(['b', 'c'])
  expect((await read('--offset', '-1', '--until-end')).sort()).toEqual(['c', 'z'])
  expect(await read('--timestamp', '2020-01-01', '--partition', '1', '--until-end')).toEqual(['z'])
  expect(await read('--timestamp', String(Date.now() + 60_000), '--until-end')).toEqual([])
  expect(await read('--from-beginning', '--partition', '0', '-n', '2')).toEqual(['a', 'b'])
  expect(await read('--timeout', '300')).toEqual([])
})

test('copies messages as JSON, bytes and all', async () => {
  await using orders = await openOrders()
  const message = {
    key: 'k',
    value: Buffer.from([0xff, 0]).toString('base64'),
    valueEncoding: 'base64',
    headers: { text: 'x', many: ['1', '2'] },
    partition: 1,
    timestamp: '2026-01-02T03:04:05.000Z',
  }
  await runCommand(['produce', 'orders', '--json', ...orders.at], { input: `${JSON.stringify(message)}\n` })
  const first = await runCommand(['consume', 'orders', '--json', '--until-end', ...orders.at])
  expect(JSON.parse(first.output)).toEqual({ ...message, topic: 'orders', offset: '0' })
  await runCommand(['produce', 'copy', '--json', ...orders.at], { input: first.output })
  const second = await runCommand(['consume', 'copy', '--json', '--until-end', ...orders.at])
  expect(JSON.parse(second.output)).toEqual({ ...JSON.parse(first.output), topic: 'copy' })
})

test('follows until it is interrupted', async () => {
  await using orders = await openOrders()
  const command = startCommand(['consume', 'orders', ...orders.at])
  // It begins at the end, so only what comes after it has attached is seen.
  await eventually(async () => {
    await runCommand(['produce', 'orders', ...orders.at], { input: 'news\n' })
    expect(command.output()).toContain('news\n')
  })
  command.interrupt()
  expect(await command.exit).toBe(0)
  await eventually(() => expect(orders.emulator.stats.openConnections).toBe(0))
})

test('commits for a group what was read of its output, and no more', async () => {
  await using orders = await openOrders()
  const folder = await mkdtemp(join(tmpdir(), 'cli-'))
  const at = [...orders.at, '--store', `file:${folder}`]
  const produce = (input: string) => runCommand(['produce', 'orders', '--partition', '0', ...at], { input })
  await produce('a\nb\n')
  const { child, output, exit } = runCli('consume', 'orders', '--group', 'billing', '--from-beginning', ...at)
  await eventually(() => expect(output()).toBe('a\nb\n'), { timeout: 30_000 })
  // As `| head -2` does. What comes next finds nobody.
  child.stdout?.destroy()
  await produce('c\nd\n')
  expect(await exit).toBe(0)
  const { output: report } = await runCommand(['groups', 'describe', 'billing', '--json', ...at])
  expect(JSON.parse(report)).toMatchObject([{ partitions: [{ partition: 0, committed: '2' }, { partition: 1 }] }])
  await rm(folder, { recursive: true })
})

test('keeps to a rate', async () => {
  await using orders = await openOrders()
  const begin = performance.now()
  await runCommand(['produce', 'orders', '--rate', '20', ...orders.at], { input: 'x\n'.repeat(11) })
  expect(performance.now() - begin).toBeGreaterThan(490)
})

test.each<[name: string, args: string[], input: string, code: number, text: string]>([
  ['a line without its separator', ['produce', 'orders', '--key-separator', ':'], 'a:b\nc\n', 1, 'line 2 has no ":"'],
  ['a line that is no JSON', ['produce', 'orders', '--json'], '{\n', 1, 'line 1 is no JSON'],
  ['a file that is not there', ['produce', 'orders', '--file', '/nowhere'], '', 1, 'ENOENT'],
  ['a partition that is not there', ['produce', 'orders', '--partition', '9'], 'x\n', 1, '9'],
  ['an unknown partition', ['consume', 'orders', '--partition', '9', '--until-end'], '', 1, 'has no partition 9'],
  ['two beginnings', ['consume', 'orders', '--offset', '1', '--from-beginning'], '', 2, 'three places to begin'],
  ['a group and an offset', ['consume', 'orders', '--group', 'g', '--offset', '1'], '', 2, 'groups reset'],
  ['no number', ['consume', 'orders', '--offset', 'x'], '', 2, 'It must be an offset'],
  ['a place before the first', ['groups', 'reset', 'g', '--topic', 'orders', '--to-offset', '-5'], '', 2, 'an offset'],
])('refuses %s', async (_, args, input, code, text) => {
  await using orders = await openOrders()
  const outcome = await runCommand([...args, ...orders.at], { input })
  expect(outcome).toMatchObject({ code, output: '' })
  expect(outcome.errors).toContain(text)
})

test('says that nowhere is nowhere', async () => {
  expect(await runCommand(['topics', 'list'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('--brokers localhost:5672'),
  })
})
