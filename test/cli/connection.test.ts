import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConnectionArguments, readKafkaConfig } from '../../src/cli/connection-options.js'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { runCommand } from '../support/cli.js'

let folder: string
let emulator: Emulator
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connection-'))
  emulator = await startEmulator({ eventHubs: [{ name: 'orders' }] })
})
afterAll(async () => {
  await emulator.close()
  await rm(folder, { recursive: true })
})

const REAL = 'Endpoint=sb://real.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=c2VjcmV0'

/** As commander gives it: what the environment has stands for what the command line leaves out. */
function read(args: ConnectionArguments, env: Record<string, string> = {}) {
  const terminal = {
    input: process.stdin,
    output: process.stdout,
    errors: process.stderr,
    interrupted: new AbortController().signal,
  }
  const fromEnvironment = {
    ...(env['EVENTHUBS_CONNECTION_STRING'] && { connectionString: env['EVENTHUBS_CONNECTION_STRING'] }),
    ...(env['KAFKAJS_EVENTHUBS_CHECKPOINT_STORE'] && { store: env['KAFKAJS_EVENTHUBS_CHECKPOINT_STORE'] }),
  }
  return readKafkaConfig({ ...fromEnvironment, ...args }, { ...terminal, env })
}

test.each([
  ['config.json', (text: string) => text],
  ['config.mjs', (text: string) => `export default ${text}`],
  ['config.cjs', (text: string) => `module.exports = () => (${text})`],
])('takes a configuration from %s', async (name, write) => {
  const file = join(folder, name)
  await writeFile(file, write(JSON.stringify({ brokers: [`localhost:${emulator.port}`], clientId: 'mine' })))
  expect(await runCommand(['topics', 'list', '--config', file])).toEqual({ code: 0, output: 'orders\n', errors: '' })
  expect(await read({ config: file, transport: 'websockets' })).toMatchObject({
    clientId: 'mine',
    brokers: [`localhost:${emulator.port}`],
    eventHubs: { transport: 'websockets' },
  })
})

test('says what is wrong with a file', async () => {
  const file = join(folder, 'broken.json')
  await writeFile(file, '{')
  for (const path of [file, '/nowhere.mjs']) {
    expect(await runCommand(['topics', 'list', '--config', path])).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^error: The file of --config can't be read: /),
    })
  }
})

test('says in its own words that there is no credential', async () => {
  const list = ['topics', 'list', '--brokers', 'real.servicebus.windows.net:9093']
  expect(await runCommand(list)).toMatchObject({
    code: 1,
    errors:
      'error: No credential is given for real.servicebus.windows.net: set EVENTHUBS_CONNECTION_STRING to a connection string of that namespace, or say --azure-ad\n',
  })
  expect(await runCommand(['doctor', '--connection-string', ''])).toMatchObject({
    code: 1,
    errors: 'error: The connection string is empty: is EVENTHUBS_CONNECTION_STRING set?\n',
  })
})

test('says of a connection string in quotes, as some env files give it, that they are no part of it', async () => {
  expect(await runCommand(['doctor', '--connection-string', `"${REAL}"`])).toMatchObject({
    code: 1,
    errors: expect.stringContaining('take the quotes off'),
  })
})

test('says once why it tries again', async () => {
  const { code, errors } = await runCommand(['topics', 'list', '--brokers', 'localhost:1'])
  expect(code).toBe(1)
  expect(
    errors.split('\n').map((line) => line.replace(/(?<=trying again).*No emulator answers.*(?= \{)/, ': why')),
  ).toEqual([
    expect.stringMatching(/^ERROR Failed to connect, trying again: why \{"retryCount":0/),
    expect.stringMatching(/^ERROR Failed to connect, trying again \{"retryCount":1/),
    expect.stringMatching(/^error: .*No emulator answers at/),
    '',
  ])
})

test('lets the command line go before the environment, which may be of another namespace', async () => {
  const env = { EVENTHUBS_CONNECTION_STRING: REAL, KAFKAJS_EVENTHUBS_CHECKPOINT_STORE: 'file:/env' }
  expect((await read({}, env)).eventHubs).toMatchObject({ connectionString: REAL, checkpointStore: 'file:/env' })
  expect((await read({ brokers: 'localhost:5672' }, env)).eventHubs).not.toHaveProperty('connectionString')
  expect((await read({ brokers: 'real.servicebus.windows.net:9093' }, env)).eventHubs).toMatchObject({
    connectionString: REAL,
  })
  // Two emulators of one machine are told by their ports.
  const emulators = { EVENTHUBS_CONNECTION_STRING: emulator.connectionString }
  const beside = await read({ brokers: `localhost:${emulator.port + 1}` }, emulators)
  expect(beside.eventHubs).not.toHaveProperty('connectionString')
  expect((await read({ brokers: `localhost:${emulator.port}` }, emulators)).eventHubs).toMatchObject({
    connectionString: emulator.connectionString,
  })
  const identity = await read({ brokers: 'real.servicebus.windows.net', azureAd: true }, env)
  expect(identity.eventHubs).toMatchObject({ auth: { getCredential: expect.any(Function) } })
  expect(identity.eventHubs).not.toHaveProperty('connectionString')
  expect((await read({ store: 'file:/mine' }, env)).eventHubs).toMatchObject({ checkpointStore: 'file:/mine' })
})

test('wants both halves of what belongs together', async () => {
  const outcome = await runCommand(['topics', 'list', '-b', 'localhost:1', '--subscription', 'x'])
  expect(outcome).toMatchObject({ code: 2, errors: expect.stringContaining('--resource-group go together') })
})
