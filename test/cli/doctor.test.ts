import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type EmulatorOptions, startEmulator } from '../../src/emulator/index.js'
import { Kafka, memoryCheckpointStore, Partitioners } from '../../src/index.js'
import { createCertificate } from '../support/certificate.js'
import { runCommand } from '../support/cli.js'
import { doctor } from '../support/doctor.js'

const partitioner = { createPartitioner: Partitioners.DefaultPartitioner }
const hub = { name: 'orders', partitionCount: 2, consumerGroups: ['billing'] }

async function openHub(options: EmulatorOptions = {}) {
  const emulator = await startEmulator({ autoCreateEventHubs: false, eventHubs: [hub], ...options })
  // A message in each partition: readers have not long to wait for a sign.
  const producer = new Kafka({ ...emulator.kafkaConfig({ clientId: 'test' }), logLevel: 0 }).producer(partitioner)
  if (!options.tls) {
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [0, 1].map((partition) => ({ value: 'x', partition })) })
    await producer.disconnect()
  }
  return emulator
}

test('finds everything in order, and leaves nothing behind', async () => {
  await using emulator = await openHub()
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  const store = ['--store', `file:${folder}`]
  const at = ['--connection-string', emulator.connectionString, ...store]
  const { code, report, status } = await doctor(['--group', 'billing', ...at])
  expect(status).toEqual({
    runtime: 'ok',
    proxy: 'ok',
    'name resolution': 'ok',
    [`port ${emulator.port}`]: 'ok',
    clock: 'ok',
    credential: 'ok',
    connection: 'ok',
    Manage: 'ok',
    'event hub orders': 'ok',
    Listen: 'ok',
    Send: 'ok',
    'consumer group': 'ok',
    'checkpoint store': 'ok',
    group: 'ok',
  })
  expect(code).toBe(0)
  expect(report).toMatchObject({
    works: ['producing', 'consuming in a group', 'reading', 'managing topics'],
    fails: [],
    write: [expect.stringContaining(`checkpointStore: 'file:${folder}'`)],
  })
  expect(emulator.eventHubs.get('orders')?.events()).toHaveLength(2)
  expect(JSON.parse((await runCommand(['groups', 'list', '--json', ...at])).output)).toEqual([])
  await rm(folder, { recursive: true })
})

test('tells each claim apart', async () => {
  await using emulator = await openHub({
    sharedAccessKeys: [
      { name: 'send', key: 'c2VuZA==', claims: ['Send'] },
      { name: 'listen', key: 'bGlzdGVu', claims: ['Listen'] },
    ],
  })
  const of = (keyName: string) => ['--topic', 'orders', '--connection-string', emulator.connectionStringOf({ keyName })]
  const sender = await doctor(of('send'))
  expect(sender.status).toMatchObject({ Manage: 'warning', Send: 'ok', Listen: 'failed' })
  expect(sender.of('Listen')?.remedy).toContain('Azure Event Hubs Data Receiver')
  expect(sender).toMatchObject({ code: 1, report: { works: ['producing'] } })
  const listener = await doctor(of('listen'))
  expect(listener.status).toMatchObject({ Manage: 'warning', Send: 'failed', Listen: 'ok', group: 'ok' })
  expect(listener.of('Send')?.remedy).toContain('Azure Event Hubs Data Sender')
  expect(listener.report.works).toEqual(['consuming in a group', 'reading'])
})

test('tells an address that is none', async () => {
  const { code, errors } = await runCommand(['doctor', '-b', 'sb://'])
  expect({ code, errors }).toMatchObject({ code: 1, errors: expect.stringContaining("There is no host in 'sb://'") })
})

test('tells a wrong key, and repeats no secret', async () => {
  await using emulator = await openHub()
  const wrong = emulator.connectionString.replace('SAS_KEY_VALUE', 'V1JPTkdLRVk=')
  const { code, output, status, report } = await doctor(['--connection-string', wrong])
  expect(status).toMatchObject({ connection: 'failed', credential: 'ok' })
  expect(code).toBe(1)
  expect(report.works).toEqual([])
  expect(output).not.toContain('V1JPTkdLRVk')
  expect(output).not.toContain('SAS_KEY_VALUE')
})

test('tells that nobody listens', async () => {
  const emulator = await openHub()
  await emulator.close()
  const { status, of, code } = await doctor(['--connection-string', emulator.connectionString])
  expect(status).toMatchObject({ [`port ${emulator.port}`]: 'failed', connection: 'skipped' })
  expect(of(`port ${emulator.port}`)?.remedy).toContain('Is the emulator running')
  expect(code).toBe(1)
})

test('tells a certificate that is not trusted', async () => {
  await using emulator = await openHub({ tls: createCertificate() })
  const { status, of } = await doctor([
    ...['--connection-string', emulator.connectionString, '--ssl'],
    ...['--endpoint', `sb://localhost:${emulator.port}`],
  ])
  const step = `TLS on ${emulator.port}`
  expect(status).toMatchObject({ [step]: 'failed', connection: 'failed' })
  expect(of(step)?.remedy).toContain('NODE_EXTRA_CA_CERTS')
})

test('tells what is wrong with the store', async () => {
  await using emulator = await openHub()
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  const file = join(folder, 'no-directory')
  await writeFile(file, '')
  const at = ['--connection-string', emulator.connectionString, '--store', `file:${file}`]
  const { status, report } = await doctor(at)
  expect(status).toMatchObject({ Send: 'ok', 'checkpoint store': 'failed' })
  expect(report.fails).toContain('consuming in a group')
  const nonsense = await doctor(['--connection-string', emulator.connectionString, '--store', 'nonsense'])
  expect(nonsense.status).toMatchObject({ Listen: 'ok', Send: 'ok' })
  expect(nonsense.of('checkpoint store')).toMatchObject({
    status: 'failed',
    remedy: expect.stringContaining('in one of these forms'),
  })
  await rm(folder, { recursive: true })
})

test('tells that an event hub or a consumer group is missing', async () => {
  await using emulator = await openHub()
  const at = ['--connection-string', emulator.connectionString]
  const missing = await doctor(['--topic', 'nowhere', ...at, '--store', 'file:/tmp'])
  // The store is not what is wrong.
  expect(missing.status).toMatchObject({ 'event hub nowhere': 'failed', 'checkpoint store': 'skipped' })
  expect(missing.code).toBe(1)
  const { of, code } = await doctor(['--group', 'audit', ...at])
  expect(of('consumer group')).toMatchObject({
    status: 'warning',
    detail: expect.stringMatching(/^The group id was not found: /),
    remedy: expect.stringContaining('-n audit'),
  })
  expect(code).toBe(0)
})

test('tells that the five readers of a partition are taken', async () => {
  await using emulator = await openHub()
  const readers = Array.from({ length: 5 }, (_, n) =>
    new Kafka({
      ...emulator.kafkaConfig({ clientId: `reader-${n}` }),
      logLevel: 0,
      eventHubs: { connectionString: emulator.connectionString, checkpointStore: memoryCheckpointStore() },
    }).consumer({ groupId: `reader-${n}` }),
  )
  for (const reader of readers) {
    await reader.subscribe({ topics: ['orders'], fromBeginning: true })
    const seen = new Set<number>()
    await new Promise<void>((resolve) => {
      void reader.run({
        async eachMessage({ partition }) {
          if (seen.add(partition).size === 2) resolve()
        },
      })
    })
  }
  const { of } = await doctor(['--connection-string', emulator.connectionString])
  await Promise.all(readers.map((reader) => reader.disconnect()))
  expect(of('Listen')).toMatchObject({ status: 'failed', remedy: expect.stringContaining('Five readers') })
})

test('looks into tokens of a provider', async () => {
  await using emulator = await openHub()
  const folder = await mkdtemp(join(tmpdir(), 'doctor-'))
  const file = join(folder, 'config.mjs')
  const claims = Buffer.from(JSON.stringify({ exp: 1_700_000_000, appid: 'my-app' })).toString('base64url')
  await writeFile(
    file,
    `export default {
      brokers: ['localhost:${emulator.port}'],
      eventHubs: { auth: { getCredential: () => ({ getToken: async () => ({ token: 'e30.${claims}.', expiresOnTimestamp: Date.now() + 3600000 }) }) } },
    }`,
  )
  const { of } = await doctor(['--config', file])
  expect(of('token')).toMatchObject({ status: 'failed', detail: 'of my-app, ended 2023-11-14T22:13:20.000Z' })
  await rm(folder, { recursive: true })
})

test('is read by people too', async () => {
  await using emulator = await openHub()
  const { output, code } = await runCommand(['doctor', '--connection-string', emulator.connectionString])
  expect(code).toBe(0)
  expect(output).toContain('✓ Send: allowed; nothing was sent to orders\n')
  expect(output).toContain(
    `\nWrite:\n  new Kafka({ clientId: 'my-program', brokers: ['localhost:${emulator.port}'], eventHubs: { connectionString: process.env.EVENTHUBS_CONNECTION_STRING } })\n`,
  )
  expect(output).not.toContain('\u001b')
})
