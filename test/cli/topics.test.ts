import { expect, test } from 'vitest'
import { startEmulator } from '../../src/emulator/index.js'
import { runCommand } from '../support/cli.js'

test('creates, lists, describes and deletes topics', async () => {
  await using emulator = await startEmulator({ autoCreateEventHubs: false })
  const at = ['--connection-string', emulator.connectionString]
  const created = await runCommand(
    ['topics', 'create', 'orders', 'payments', '--partitions', '2', '--setting', 'retention.ms=172800000'].concat(at),
  )
  expect(created).toEqual({ code: 0, output: 'Created orders, payments\n', errors: '' })
  expect((await runCommand(['topics', 'list', ...at])).output).toBe('orders\npayments\n')
  expect(JSON.parse((await runCommand(['topics', 'list', '--json', ...at])).output)).toEqual(['orders', 'payments'])

  await runCommand(['produce', 'orders', '--partition', '1', ...at], { input: 'a\nb\n' })
  const described = await runCommand(['topics', 'describe', 'orders', ...at])
  expect(described.output).toBe(
    [
      'orders: 2 partitions',
      'retention.ms=172800000',
      'partition  oldest  next  messages',
      '        0       0     0         0',
      '        1       0     2         2',
      '',
    ].join('\n'),
  )
  const { output } = await runCommand(['topics', 'describe', 'orders', '--json', ...at])
  expect(JSON.parse(output)[0].partitions[1]).toEqual({ partition: 1, low: '0', high: '2', messages: '2' })

  expect(await runCommand(['topics', 'delete', 'orders', '--yes', ...at])).toMatchObject({ code: 0 })
  expect((await runCommand(['topics', 'list', ...at])).output).toBe('payments\n')
})

test('tells what went wrong in a sentence', async () => {
  await using emulator = await startEmulator({ autoCreateEventHubs: false, eventHubs: [{ name: 'orders' }] })
  const at = ['--connection-string', emulator.connectionString]
  expect(await runCommand(['topics', 'create', 'orders', ...at])).toEqual({
    code: 1,
    output: '',
    errors: 'error: orders: there is a topic of that name already\n',
  })
  const unknown = await runCommand(['topics', 'describe', 'nowhere', ...at])
  expect(unknown).toMatchObject({ code: 1, output: '' })
  expect(unknown.errors).toMatch(/^error: .*nowhere/)
  expect(unknown.errors).not.toContain('    at ')
  const unasked = await runCommand(['topics', 'delete', 'orders', ...at])
  expect(unasked).toMatchObject({ code: 2, errors: expect.stringContaining('Say --yes') })
  expect(emulator.eventHubs.get('orders')).toBeDefined()
})
