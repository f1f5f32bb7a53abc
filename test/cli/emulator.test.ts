import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventHubProducerClient } from '@azure/event-hubs'
import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { parseConfigFile } from '../../src/emulator/config-file.js'
import { startEmulator } from '../../src/emulator/index.js'

import { Kafka } from '../../src/index.js'
import { once } from '../emulator/sdk.js'
import { runCli, runCommand } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

/** As Microsoft documents it. */
const config = (entities: unknown) =>
  JSON.stringify({
    UserConfig: {
      NamespaceConfig: [{ Type: 'EventHub', Name: 'emulatorNs1', Entities: entities }],
      LoggingConfig: { Type: 'File' },
    },
  })

const entities = [
  { Name: 'eh1', PartitionCount: '2', ConsumerGroups: [{ Name: 'cg1' }] },
  { Name: 'eh2', PartitionCount: 3 },
]

test('prints configurations that can be pasted, and traffic when asked', async () => {
  const { child, output, exit } = runCli('emulator', '--port', '0', '--verbose')
  try {
    const config = (name: string) =>
      eventually(
        () => new RegExp(`^${name}: new Kafka\\((.*)\\)$`, 'm').exec(output())?.[1] ?? Promise.reject(output()),
        {
          timeout: 20_000,
        },
      )
    // As it would be in a program.
    const ours = new Function(`return ${await config('kafkajs-eventhubs')}`)()
    const theirs = new Function(`return ${await config('kafkajs itself')}`)()
    const producer = new Kafka({ ...ours, logLevel: 1 }).producer()
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'x' }, { value: 'y' }] })
    await producer.disconnect()
    const admin = new kafkajs.Kafka({ ...theirs, logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    expect(await admin.listTopics()).toEqual(['orders'])
    await admin.disconnect()
    await eventually(() => expect(output()).toMatch(/[12] events stored, 0 delivered/), { timeout: 10_000 })
  } finally {
    child.kill('SIGTERM')
  }
  expect(await exit).toBe(0)
})

describe('the program', () => {
  test('goes on when nobody reads its log any more', async () => {
    const { child, output, exit } = runCli('emulator', '--port', '0', '--verbose')
    try {
      const [, connectionString = ''] = await eventually(
        () => /Connection string: (.*)/.exec(output()) ?? Promise.reject(output()),
        { timeout: 20_000 },
      )
      child.stderr?.destroy()
      for (const topic of ['a', 'b']) {
        const args = ['topics', 'create', topic, '--connection-string', connectionString]
        expect((await runCommand(args)).errors).toBe('')
      }
    } finally {
      child.kill('SIGINT')
    }
    expect(await exit).toBe(0)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('serves the event hubs of a file until %s', async (signal) => {
    const directory = await mkdtemp(join(tmpdir(), 'cli-'))
    const file = join(directory, 'Config.json')
    await writeFile(file, config(entities))
    const { child, output, exit } = runCli('emulator', '--port', '0', '--config', file)
    try {
      const [, connectionString = ''] = await eventually(
        () => /Connection string: (\S+)/.exec(output()) ?? Promise.reject(new Error(output())),
        { timeout: 20_000 },
      )
      expect(output()).toContain('eh1: 2 partitions, consumer groups $Default, cg1')
      const client = new EventHubProducerClient(connectionString, 'eh2', once)
      expect(await client.getPartitionIds()).toEqual(['0', '1', '2'])
      await client.close()
      const unknown = new EventHubProducerClient(connectionString, 'eh3', once)
      await expect(unknown.getPartitionIds()).rejects.toMatchObject({ code: 'MessagingEntityNotFoundError' })
      await unknown.close()
    } finally {
      child.kill(signal)
    }
    expect(await exit).toBe(0)
    expect(output()).toContain('has stopped')
    await rm(directory, { recursive: true })
  })

  test.each<[args: string[], code: number, text: string]>([
    [['emulator', '--help'], 0, 'kafkajs-eventhubs emulator [options]'],
    [['emulator', '--port', 'x'], 2, "argument 'x' is invalid. It must be a port."],
    [['emulator', '--bogus'], 2, '--bogus'],
    [['emulator', '--config', '/nowhere/Config.json'], 1, 'ENOENT'],
  ])('%j', async (args, code, text) => {
    const { output, exit } = runCli(...args)
    expect(await exit).toBe(code)
    expect(output()).toContain(text)
    expect(output()).not.toContain('    at ')
  })

  test('says that the port is taken', async () => {
    await using emulator = await startEmulator()
    const { output, exit } = runCli('emulator', '--port', String(emulator.port))
    expect(await exit).toBe(1)
    expect(output()).toMatch(/EADDRINUSE.* name another; 0 is a free one/)
  })
})

describe('the file', () => {
  test('is read as Microsoft’s emulator reads it', () => {
    expect(parseConfigFile(config(entities))).toEqual([
      { name: 'eh1', partitionCount: 2, consumerGroups: ['cg1'] },
      { name: 'eh2', partitionCount: 3, consumerGroups: [] },
    ])
  })

  test('has an example in docs/emulator.md', async () => {
    const page = await readFile(new URL('../../docs/emulator.md', import.meta.url), 'utf8')
    const [, example = ''] = /^```json\n([\s\S]*?)^```$/m.exec(page) ?? []
    expect(parseConfigFile(example)).toEqual([{ name: 'orders', partitionCount: 4, consumerGroups: ['billing'] }])
  })

  test.each<[name: string, text: string, message: string]>([
    ['no JSON', '{', 'it is no JSON'],
    ['nothing in it', '{}', 'UserConfig is missing'],
    ['no event hub', config([]), 'Entities must name at least one event hub'],
    ['a nameless event hub', config([{}]), 'NamespaceConfig[0].Entities[0].Name is missing'],
    ['half a partition', config([{ Name: 'a', PartitionCount: '1.5' }]), 'Entities[0].PartitionCount must be'],
    [
      '$Default declared',
      config([{ Name: 'a', PartitionCount: 1, ConsumerGroups: [{ Name: '$default' }] }]),
      '$Default is always there',
    ],
  ])('%s is refused', (_, text, message) => {
    expect(() => parseConfigFile(text)).toThrow(message)
  })
})
