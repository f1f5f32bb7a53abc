import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfigFile, parseLoggingType } from '../../src/emulator/config-file.js'
import { type EmulatorLogEntry, startEmulator } from '../../src/emulator/index.js'
import { eventually } from '../support/eventually.js'
import { openBench } from './sdk.js'

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'emulator-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const bodiesOf = (emulator: Awaited<ReturnType<typeof startEmulator>>, hub = 'hub') =>
  emulator.eventHubs
    .get(hub)
    ?.events()
    .map(({ body }) => String(body))

describe('a restart', () => {
  test('ends connections and keeps port, events and faults; clients come back', async () => {
    await using bench = await openBench()
    const { emulator } = bench
    const { port } = emulator
    await bench.send('0', 'a')
    const fault = emulator.faults.delayDispositions({ ms: 1 })
    const reading = bench.read()
    await eventually(() => reading.events.length === 1)
    await emulator.restart()
    expect(emulator.port).toBe(port)
    const { length } = bodiesOf(emulator) ?? []
    expect(length).toBe(1)
    const producer = bench.producer()
    await producer.sendBatch([{ body: 'b' }], { partitionId: '0' })
    expect(fault.hits).toBeGreaterThan(0)
    expect(emulator.eventHubs.get('hub')?.events()).toHaveLength(2)
    await reading.close()
  })

  test('leaves nobody at the port for as long as it is told to', async () => {
    await using emulator = await startEmulator()
    const restarted = emulator.restart({ downMs: 200 })
    const refused = () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(emulator.port, '127.0.0.1', () => {
          socket.destroy()
          resolve(false)
        })
        socket.once('error', () => resolve(true))
      })
    await eventually(refused)
    await restarted
    expect(await refused()).toBe(false)
  })
})

describe('a data directory', () => {
  test('brings back event hubs, groups, retention and events, byte by byte', async () => {
    await using directory = await temporary()
    const options = {
      data: directory.path,
      eventHubs: [{ name: 'hub', partitionCount: 2, consumerGroups: ['second'], retention: { count: 100 } }],
    }
    let before: unknown
    {
      await using bench = await openBench(options)
      await bench.send('0', 'a', 'b')
      await bench.send('1', 'c')
      bench.emulator.eventHubs.create({ name: 'Other', partitionCount: 1 })
      bench.emulator.eventHubs.create({ name: 'gone', partitionCount: 1 })
      bench.emulator.eventHubs.delete('gone')
      before = bench.emulator.eventHubs.get('hub')?.events()
    }
    expect(await readdir(directory.path)).not.toContain('lock')
    await using bench = await openBench(options)
    const { eventHubs } = bench.emulator
    expect(eventHubs.list().map(({ name }) => name)).toEqual(['Other', 'hub'])
    expect(eventHubs.get('hub')?.events()).toEqual(before)
    expect(eventHubs.get('hub')?.consumerGroups).toEqual(['$Default', 'second'])
    expect(eventHubs.get('hub')?.retention.count).toBe(100)
    await bench.send('0', 'd')
    expect(eventHubs.get('hub')?.partitions[0]?.lastEnqueuedSequenceNumber).toBe(2)
    const reading = bench.read()
    await eventually(() => reading.events.length === 3)
    expect(reading.bodies()).toEqual(['a', 'b', 'd'])
    await reading.close()
  })

  test('goes on counting where retention has left nothing', async () => {
    await using directory = await temporary()
    for (let run = 0; run < 3; run++) {
      await using bench = await openBench({ data: directory.path })
      const hub = bench.emulator.eventHubs.get('hub')
      expect(hub?.partitions[0]?.lastEnqueuedSequenceNumber).toBe(run - 1)
      hub?.setRetention({ count: 1 })
      await bench.send('0', String(run))
      hub?.setRetention({ count: 0 })
    }
  })

  test('does without a batch whose writing was cut off', async () => {
    await using directory = await temporary()
    {
      await using bench = await openBench({ data: directory.path })
      await bench.send('0', 'whole')
      await bench.send('0', 'torn')
    }
    const file = join(directory.path, 'hub-hub', '0.log')
    const { readFile } = await import('node:fs/promises')
    await writeFile(file, (await readFile(file)).subarray(0, -3))
    await using emulator = await startEmulator({ data: directory.path })
    expect(emulator.eventHubs.get('hub')?.partitions[0]?.count).toBe(1)
  })

  test('that holds something else is left alone', async () => {
    await using directory = await temporary()
    await writeFile(join(directory.path, 'diary.txt'), 'mine')
    await expect(startEmulator({ data: directory.path })).rejects.toThrow('holds no data of an emulator')
    expect(await readdir(directory.path)).toEqual(['diary.txt'])
  })
})

test('keys that are changed hold at once, for questions on connections that are open too', async () => {
  await using bench = await openBench()
  const client = bench.producer()
  await client.getEventHubProperties()
  bench.emulator.setSharedAccessKeys([{ name: 'RootManageSharedAccessKey', key: 'another' }])
  await expect(client.getEventHubProperties()).rejects.toMatchObject({ code: 'UnauthorizedError' })
})

test('keys that are changed are those of the connection strings', async () => {
  await using emulator = await startEmulator()
  emulator.setSharedAccessKeys([{ name: 'all', key: 'the next' }])
  expect(emulator.connectionString).toContain('SharedAccessKeyName=all;SharedAccessKey=the next;')
  expect(emulator.connectionStringOf({ keyName: 'all' })).toBe(emulator.connectionString)
  expect(emulator.kafkaConfig().eventHubs?.connectionString).toBe(emulator.connectionString)
  expect(emulator.kafkaEndpointConfig().sasl.password).toBe(emulator.connectionString)
  expect(() => emulator.connectionStringOf({ keyName: 'RootManageSharedAccessKey' })).toThrow(RangeError)
  expect(() => emulator.setSharedAccessKeys([{ name: 'all', key: '' }])).toThrow('each needs a name and a key')
  expect(emulator.connectionString).toContain('the next')
})

test('a port for health checks answers them and nothing else', async () => {
  await using emulator = await startEmulator({ healthPort: 0 })
  // A connection of its own each: one that is kept may be the one that the restart ends.
  const at = (path: string) =>
    fetch(`http://127.0.0.1:${emulator.healthPort}${path}`, { headers: { connection: 'close' } })
  expect(await (await at('/health')).json()).toEqual({ status: 'healthy', message: 'Service is healthy.' })
  expect((await at('/hub')).status).toBe(404)
  await emulator.restart()
  expect((await at('/health')).status).toBe(200)
})

test('the log tells of connections, links and refusals, and warns of what Microsoft’s emulator would refuse', async () => {
  const log: EmulatorLogEntry[] = []
  const told = (text: string) => log.some(({ message }) => message.includes(text))
  {
    await using bench = await openBench({
      log: (entry) => log.push(entry),
      eventHubs: [{ name: 'hub', partitionCount: 33 }],
    })
    await bench.send('0', 'a')
    await expect(bench.producer().sendBatch([{ body: 'x' }], { partitionId: '99' })).rejects.toThrow()
    for (let i = 0; i < 10; i++) bench.emulator.eventHubs.create({ name: `hub-${i}`, partitionCount: 1 })
    for (let i = 0; i < 20; i++) bench.emulator.eventHubs.get('hub')?.createConsumerGroup(`group-${i}`)
  }
  for (const text of ['opened by', 'publishes to hub/Partitions/0', 'was refused the link to', 'closed']) {
    expect(told(text), text).toBe(true)
  }
  const warnings = log.filter(({ level }) => level === 'warn').map(({ message }) => message)
  expect(warnings).toEqual([
    "The event hub 'hub' has more than 32 partitions; Microsoft's emulator would refuse that.",
    "There are more than 10 event hubs; Microsoft's emulator would refuse that.",
    "The event hub 'hub' has more than 20 consumer groups; Microsoft's emulator would refuse that.",
  ])
})

test('an emulator that others reach with the key that everybody knows says so', async () => {
  const log: EmulatorLogEntry[] = []
  await using _open = await startEmulator({ host: '0.0.0.0', log: (entry) => log.push(entry) })
  await using _own = await startEmulator({
    host: '0.0.0.0',
    sharedAccessKeys: [{ name: 'mine', key: 'secret' }],
    log: (entry) => log.push(entry),
  })
  expect(log).toEqual([{ level: 'warn', message: expect.stringContaining('can log in') }])
})

test('a name with a slash, which clients can’t address, is none', async () => {
  await using emulator = await startEmulator()
  expect(() => emulator.eventHubs.create({ name: 'a/b' })).toThrow('is not a name for an event hub')
})

describe('a configuration file', () => {
  const config = (logging: object) =>
    JSON.stringify({ UserConfig: { NamespaceConfig: [{ Entities: [{ Name: 'eh1' }] }], ...logging } })

  test('may begin with a byte order mark', () => {
    expect(parseConfigFile(`\ufeff${config({})}`)).toMatchObject([{ name: 'eh1' }])
  })

  test.each([
    [{}, undefined],
    [{ LoggingConfig: { Type: 'File' } }, 'file'],
    [{ loggingConfig: { type: 'console' } }, 'console'],
  ])('says where the log goes: %j', (logging, expected) => {
    expect(parseLoggingType(config(logging))).toBe(expected)
  })

  test('can’t send the log elsewhere', () => {
    expect(() => parseLoggingType(config({ LoggingConfig: { Type: 'Fax' } }))).toThrow('"File" or "Console"')
  })
})
