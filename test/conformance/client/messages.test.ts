import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Kafka, type KafkaConfig, type LogEntry, logLevel } from '../../../src/index.js'
import { createCertificate } from '../../support/certificate.js'
import { disposable } from '../../support/disposable.js'
import { openEmulator } from '../../support/harness.js'

const key = 'SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=c2VjcmV0'
const namespace = 'my-namespace.servicebus.windows.net'
const quick = { initialRetryTime: 1, retries: 1 }

async function connectionError(config: Partial<KafkaConfig>): Promise<Error> {
  const admin = new Kafka({ logLevel: logLevel.NOTHING, retry: quick, ...config } as KafkaConfig).admin()
  try {
    await admin.connect()
  } catch (error) {
    return error as Error
  } finally {
    await admin.disconnect()
  }
  throw new Error('It connected')
}

const plain = (username: string, password: string) => ({ mechanism: 'plain' as const, username, password })

/** A message that says what is wrong, and where to go from there. */
describe('configuration that leads nowhere', () => {
  const cases: [string, Partial<KafkaConfig>, RegExp][] = [
    [
      'an empty connection string',
      { eventHubs: { connectionString: '' } },
      /eventHubs\.connectionString is empty; is the environment variable set\?/,
    ],
    [
      'a connection string that a shell has cut',
      { eventHubs: { connectionString: `Endpoint=sb://${namespace}/` } },
      /lacks SharedAccessKeyName: .* put it into quotes where a shell reads it, which ends it at the first ";"/,
    ],
    [
      'a connection string in quotes',
      { eventHubs: { connectionString: `"Endpoint=sb://${namespace}/;${key}"` } },
      /connectionString has no Endpoint; it begins with a quotation mark, which is no part of it: take the quotes off/,
    ],
    [
      'a password in quotes',
      { brokers: [`${namespace}:9093`], sasl: plain('$ConnectionString', `'Endpoint=sb://${namespace}/;${key}'`) },
      /^The connection string lacks Endpoint: it begins with a quotation mark/,
    ],
    [
      'a user name that a shell has expanded',
      { brokers: [`${namespace}:9093`], sasl: plain('', `Endpoint=sb://${namespace}/;${key}`) },
      /^SASL Plain: Invalid username or password\. Empty: sasl\.username; .*single quotes/,
    ],
    [
      'an empty password',
      { brokers: [`${namespace}:9093`], sasl: plain('$ConnectionString', '') },
      /^SASL Plain: Invalid username or password\. Empty: sasl\.password; is the environment variable set\?/,
    ],
    [
      'a user name without its dollar',
      { brokers: [`${namespace}:9093`], sasl: plain('ConnectionString', `Endpoint=sb://${namespace}/;${key}`) },
      /sasl\.username must be '\$ConnectionString', dollar sign included, and not 'ConnectionString'/,
    ],
    [
      'the brokers of a Kafka cluster',
      { brokers: ['kafka-1:9092', 'kafka-2:9092'] },
      /kafka-1 and kafka-2.*The brokers of a Kafka cluster can't be reached: this package speaks AMQP to Event Hubs/,
    ],
    [
      'the broker of a Kafka cluster',
      { brokers: ['kafka.invalid:9092'], ssl: true, sasl: plain('user', 'password'), connectionTimeout: 3000 },
      /kafka\.invalid is no Event Hubs namespace such as <name>\.servicebus\.windows\.net: this package speaks AMQP to Event Hubs/,
    ],
    [
      'a connection string of another namespace',
      {
        brokers: [`${namespace}:9093`],
        sasl: plain('$ConnectionString', `Endpoint=sb://other.servicebus.windows.net/;${key}`),
      },
      /brokers name my-namespace\..*, and the connection string in sasl\.password is of other\./,
    ],
    [
      'a broker that is none',
      { brokers: ['not a broker'] },
      /broker at index 0 is not of the form .*: it is "not a broker"/,
    ],
    [
      'a connection string in brokers',
      { brokers: [`Endpoint=sb://${namespace}/;${key}`] },
      /it is a connection string: pass that as eventHubs\.connectionString/,
    ],
    [
      'a connection string that the environment does not have',
      { eventHubs: { connectionString: undefined as unknown as string } },
      /^Failed to connect: brokers should not be null: .*eventHubs\.connectionString; is the environment variable set\?/,
    ],
    [
      'a namespace without a credential',
      { brokers: [`${namespace}:9093`], ssl: true },
      /^SASL authentication failed: no credential is given for my-namespace\..*: set sasl, eventHubs\.connectionString/,
    ],
    ['an empty broker', { brokers: [''] }, /broker at index 0 is invalid "string": it is empty; is the environment/],
  ]

  it.each(cases)('%s', async (_, config, message) => {
    const error = await connectionError(config)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('c2VjcmV0')
    expect(error.name).toMatch(/^KafkaJS/)
  })

  it('no emulator at a loopback address', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const error = await connectionError({ brokers: [`localhost:${port}`] })
    expect(error.message).toContain(`start one with "npx kafkajs-eventhubs emulator --port ${port}"`)
  })

  it('an emulator that is there, reached with TLS and without', async () => {
    await using open = await openEmulator()
    const withTls = await connectionError({ brokers: [`localhost:${open.emulator.port}`], ssl: true })
    expect(withTls.message).toContain('leave ssl out')
    const certificate = createCertificate()
    await using secure = await openEmulator({ tls: certificate })
    const brokers = [`localhost:${secure.emulator.port}`]
    expect((await connectionError({ brokers })).message).toContain('that is reached with ssl: true')
    const untrusted = await connectionError({ brokers, ssl: true })
    expect(untrusted.message).toMatch(/Trust the certificate.*ssl\.ca\.$/)
  })
})

it('an option of eventHubs that there is not is told of', () => {
  const logged: string[] = []
  const eventHubs = { checkpointstore: 'memory:' } as KafkaConfig['eventHubs']
  new Kafka({
    brokers: ['localhost:1'],
    logCreator: () => (entry) => void logged.push(entry.log.message),
    ...(eventHubs && { eventHubs }),
  })
  expect(logged).toEqual([
    'eventHubs.checkpointstore is not an option and has no effect: did you mean eventHubs.checkpointStore?',
  ])
})

it('a connection string may stand beside no brokers', async () => {
  await using target = await openEmulator({ eventHubs: ['orders'] })
  const { connectionString } = target.emulator
  await using admin = disposable(new Kafka({ brokers: [], eventHubs: { connectionString } }).admin())
  expect(await admin.listTopics()).toEqual(['orders'])
  expect(target.emulator.kafkaConfig().clientId).toBe('kafkajs')
})

it('a topic that is created on the way is told of, and one that may not be is missing first of all', async () => {
  await using target = await openEmulator({
    sharedAccessKeys: [
      { name: 'all', key: 'c2VjcmV0' },
      { name: 'reader', key: 'c2VjcmV0', claims: ['Listen'] },
    ],
  })
  const logged: LogEntry[] = []
  const config = target.config({
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => void logged.push(entry),
    retry: quick,
  })
  await using consumer = disposable(new Kafka(config).consumer({ groupId: 'g' }))
  await consumer.subscribe({ topic: 'fresh' })
  expect(logged.map(({ level, log }) => [level, log.message, log['partitionCount']])).toEqual([
    [
      logLevel.WARN,
      'There was no event hub "fresh": it was created, as allowAutoTopicCreation is true',
      expect.any(Number),
    ],
  ])
  const connectionString = `Endpoint=sb://localhost:${target.emulator.port};SharedAccessKeyName=reader;SharedAccessKey=c2VjcmV0;UseDevelopmentEmulator=true`
  const reader = new Kafka({ eventHubs: { connectionString }, retry: quick, logLevel: logLevel.NOTHING })
  await using misspelt = disposable(reader.consumer({ groupId: 'g' }))
  await expect(misspelt.subscribe({ topic: 'fersh' })).rejects.toThrow(
    /^This server does not host this topic-partition: there is no event hub "fersh"/,
  )
})

it('refusals of createTopics and deleteGroups tell the first reason', async () => {
  await using target = await openEmulator()
  await using admin = disposable(new Kafka(target.config({ retry: quick })).admin())
  await expect(admin.createTopics({ topics: [{ topic: 'no/name' }] })).rejects.toThrow(
    /^Topic creation errors: The request attempted to perform an operation on an invalid topic/,
  )
  await expect(admin.deleteGroups(['nobody'])).rejects.toThrow(
    /^Error in DeleteGroups: nobody: The group id was not found/,
  )
})

it('offsets of a group that the memory of the process does not know are told of', async () => {
  await using target = await openEmulator({ eventHubs: ['orders'] })
  const logged: string[] = []
  const config = target.config({
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => void logged.push(entry.log.message),
  })
  await using admin = disposable(new Kafka(config).admin())
  await admin.resetOffsets({ groupId: 'elsewhere', topic: 'orders', earliest: true })
  expect(logged.join()).toMatch(
    /admin\.resetOffsets writes to the memory of this process, which knows no group elsewhere/,
  )
})
