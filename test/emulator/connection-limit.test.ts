import { expect, test } from 'vitest'
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.js'
import { eventually } from '../support/eventually.js'
import { scaled } from '../support/pace.js'
import { RawClient } from './kafka/raw-client.js'
import rhea from './rhea.js'

const start = (options: EmulatorOptions = {}) => startEmulator({ eventHubs: ['hub'], maxConnections: 2, ...options })

const connect = ({ port }: Emulator) =>
  rhea
    .create_container()
    .connect({
      ...{ host: '127.0.0.1', port, reconnect: false },
      ...{ username: 'RootManageSharedAccessKey', password: 'SAS_KEY_VALUE' },
    })
    .on('disconnected', () => {})

const kafkaClient = async (emulator: Emulator) => {
  const client = new RawClient(emulator.port)
  await client.login(emulator.connectionString)
  return client
}

test('a connection beyond the limit is closed with the quota’s name, and those there go on', async () => {
  const warnings: string[] = []
  await using emulator = await start({ log: ({ level, message }) => void (level === 'warn' && warnings.push(message)) })
  const [first, second] = [connect(emulator), connect(emulator)]
  await eventually(() => emulator.stats.openConnections === 2)
  const third = connect(emulator)
  const error = await new Promise<unknown>((resolve) => third.on('connection_error', ({ error }) => resolve(error)))
  expect(error).toMatchObject({
    condition: 'amqp:resource-limit-exceeded',
    description: expect.stringContaining('ConnectionsQuotaExceeded'),
  })
  expect(warnings).toEqual(['An AMQP connection was refused: 2 are open'])
  const sender = first.open_sender({ target: { address: 'hub/Partitions/0' } })
  await new Promise((resolve) => sender.once('sendable', resolve))
  expect(emulator.stats).toMatchObject({ openConnections: 2, connectionsAccepted: 2 })
  for (const connection of [first, second]) connection.close()
})

test('Kafka clients count with the others, and are cut off beyond the limit', async () => {
  await using emulator = await start()
  const other = connect(emulator)
  await eventually(() => emulator.stats.openConnections === 1)
  using first = await kafkaClient(emulator)
  const second = new RawClient(emulator.port)
  second.socket.write(Buffer.from([0, 0, 0, 10]))
  await second.closed
  expect(emulator.stats.openKafkaConnections).toBe(1)
  expect(await first.ask('Metadata', 9, { topics: null })).toMatchObject({ controllerId: 0 })
  other.close()
  await eventually(() => emulator.stats.openConnections === 0)
  using third = await kafkaClient(emulator)
  expect(await third.ask('Metadata', 9, { topics: null })).toMatchObject({ controllerId: 0 })
})

test('whoever says nothing is not waited for beyond the limit either', async () => {
  await using emulator = await start({ maxConnections: 1, idleLimits: { authentication: scaled(200) } })
  const other = connect(emulator)
  await eventually(() => emulator.stats.openConnections === 1)
  const silent = new RawClient(emulator.port)
  silent.socket.write('AMQP\0\x01\0\0')
  await silent.closed
  other.close()
})

test.each([0, -1, Number.NaN])('%d is no limit', async (maxConnections) => {
  await expect(start({ maxConnections })).rejects.toThrow('maxConnections must be positive')
})
