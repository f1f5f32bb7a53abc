import { createHmac } from 'node:crypto'
import { createSasTokenProvider } from '@azure/core-amqp'
import { SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { allows, covers, createAuthorizer, resourcePath } from '../../src/emulator/authorization.js'
import type { SharedAccessKey } from '../../src/emulator/options.js'
import { eventually } from '../support/eventually.js'
import type { Context } from './rhea.js'
import { openBench } from './sdk.js'

const rule: SharedAccessKey = { name: 'rule', key: 'key' }

function sas(resource: string, { name = 'rule', key = 'key', expiry = Date.now() / 1000 + 60 } = {}): string {
  const sr = encodeURIComponent(resource)
  const se = Math.floor(expiry)
  const sig = encodeURIComponent(createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64'))
  return `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}&skn=${name}`
}

describe('a shared access signature', () => {
  const authorizer = createAuthorizer({
    sharedAccessKeys: [
      rule,
      { name: 'sender', key: 'key', claims: ['Send'] },
      { name: 'hub-only', key: 'key', eventHub: 'Hub' },
    ],
  })
  const verify = (token: string, resource = 'sb://localhost:1/hub/') => authorizer.verify(token, 'sas', resource)
  const refused = (code: string) => ({ failure: { kind: 'bad-token', code } })

  test('holds for its resource and what is below it, without case', async () => {
    const grant = await verify(sas('sb://localhost:1/HUB'), 'sb://localhost:1/hub/Partitions/0')
    expect(grant.path).toBe('hub/partitions/0')
    expect(grant.expiresAt).toBeGreaterThan(Date.now() + 50_000)
    await verify(sas('sb://localhost:1/'), 'sb://localhost:1/hub')
    await verify(sas('sb://somewhere.else/hub'), 'hub')
  })

  test('may name its resource by the whole URL of a request, as azure-event-hubs-go does', async () => {
    await verify(sas('https://localhost/hub?api-version=2017-04'), 'hub')
    await verify(sas('https://localhost/?api-version=2017-04'), 'hub')
    await expect(verify(sas('https://localhost/hu?b'), 'hub')).rejects.toMatchObject(refused('InvalidAudience'))
  })

  test('may name its resource without a scheme, as azeventhubs for Go does', async () => {
    await verify(sas('name.servicebus.windows.net'), 'hub/partitions/0')
    await verify(sas('localhost'), 'hub')
    await verify(sas('LOCALHOST:5671/hub'), 'hub')
    await expect(verify(sas('localhost:5671/hub'), 'other')).rejects.toMatchObject(refused('InvalidAudience'))
    await expect(verify(sas('hub'), 'other')).rejects.toMatchObject(refused('InvalidAudience'))
  })

  test.each([
    ['of another key', sas('sb://x/hub', { key: 'wrong' }), 'InvalidSignature'],
    ['of an unknown rule', sas('sb://x/hub', { name: 'nobody' }), 'InvalidSignature'],
    ['that is over', sas('sb://x/hub', { expiry: Date.now() / 1000 - 1 }), 'ExpiredToken'],
    ['of another hub', sas('sb://x/other'), 'InvalidAudience'],
    ['of a hub whose name begins alike', sas('sb://x/hu'), 'InvalidAudience'],
    ['that is none', 'Bearer x', 'MalformedToken'],
    ['whose end was moved', sas('sb://x/hub').replace(/se=\d+/, 'se=9999999999'), 'InvalidSignature'],
  ])('%s is refused', async (_, token, word) => {
    await expect(verify(token)).rejects.toMatchObject(refused(word))
  })

  test('of a rule for one hub holds there only', async () => {
    await verify(sas('sb://x/hub', { name: 'hub-only' }))
    await expect(verify(sas('sb://x/', { name: 'hub-only' }), 'other')).rejects.toMatchObject(
      refused('InvalidAudience'),
    )
  })

  test('carries the claims of its rule', async () => {
    const grant = await verify(sas('sb://x/hub', { name: 'sender' }))
    expect(allows(grant, 'hub', 'Send')).toBe(true)
    expect(allows(grant, 'hub', 'Listen')).toBe(false)
  })

  test('authorizes an HTTP request', async () => {
    await authorizer.authorize(sas('http://x/'), '/hub', 'Manage')
    await expect(authorizer.authorize(undefined, '/hub', 'Manage')).rejects.toMatchObject({
      failure: { code: 'MissingToken' },
    })
    await expect(authorizer.authorize(sas('http://x/', { name: 'sender' }), '/hub', 'Manage')).rejects.toMatchObject({
      failure: { kind: 'missing-claim', path: 'hub', claim: 'Manage' },
    })
  })
})

test('scopes and paths', () => {
  expect(resourcePath('sb://Host:5671/Hub/Partitions/0/')).toBe('hub/partitions/0')
  expect(covers('', 'anything')).toBe(true)
  expect(covers('hub', 'hub/partitions/0')).toBe(true)
  expect(covers('hub', 'hubs')).toBe(false)
})

describe('a bearer token', () => {
  const secret = 'a secret of at least 32 characters'
  const authorizer = createAuthorizer({
    sharedAccessKeys: [],
    jwt: { secret, issuer: 'https://issuer/', audience: 'https://eventhubs.azure.net' },
  })
  const jwt = (claims: { roles?: string[]; iss?: string; aud?: string; exp?: number | string; key?: string } = {}) =>
    new SignJWT({ ...(claims.roles && { roles: claims.roles }) })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(claims.iss ?? 'https://issuer/')
      .setAudience(claims.aud ?? 'https://eventhubs.azure.net')
      .setExpirationTime(claims.exp ?? '1h')
      .sign(new TextEncoder().encode(claims.key ?? secret))

  test.each<[roles: string[] | undefined, claims: string[]]>([
    [undefined, ['Listen', 'Manage', 'Send']],
    [['Azure Event Hubs Data Owner'], ['Listen', 'Manage', 'Send']],
    [['Azure Event Hubs Data Sender'], ['Send']],
    [['Azure Event Hubs Data Receiver'], ['Listen']],
    [
      ['Send', 'Listen'],
      ['Listen', 'Send'],
    ],
    [['Reader'], []],
  ])('with the roles %j allows %j', async (roles, claims) => {
    const grant = await authorizer.verify(await jwt(roles ? { roles } : {}), 'jwt', 'hub')
    expect([...grant.claims].sort()).toEqual(claims)
  })

  test.each<[name: string, claims: Parameters<typeof jwt>[0], word: string]>([
    ['of another issuer', { iss: 'https://other/' }, 'InvalidIssuer'],
    ['for another audience', { aud: 'https://other' }, 'InvalidAudience'],
    ['that is over', { exp: 1 }, 'ExpiredToken'],
    ['with another signature', { key: 'another secret of 32 characters.' }, 'InvalidSignature'],
  ])('%s is refused', async (_, claims, word) => {
    await expect(authorizer.verify(await jwt(claims), 'jwt', 'hub')).rejects.toMatchObject({
      failure: { kind: 'bad-token', code: word },
    })
  })

  test('is refused where none is expected', async () => {
    const without = createAuthorizer({ sharedAccessKeys: [rule] })
    await expect(without.verify(await jwt(), 'jwt', 'hub')).rejects.toMatchObject({
      failure: { code: 'MalformedToken' },
    })
  })
})

describe('over AMQP', () => {
  const keys: SharedAccessKey[] = [
    { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' },
    { name: 'send', key: 's', claims: ['Send'] },
    { name: 'listen', key: 'l', claims: ['Listen'] },
    { name: 'hub', key: 'h', eventHub: 'hub' },
  ]

  test('a wrong key is refused at once', async () => {
    await using bench = await openBench()
    const wrong = bench.emulator.connectionString.replace('SAS_KEY_VALUE', 'WRONG')
    await expect(bench.producer(wrong).getEventHubProperties()).rejects.toMatchObject({
      code: 'UnauthorizedError',
      message: expect.stringContaining('InvalidSignature: The token has an invalid signature.'),
    })
  })

  test('a missing claim is told in the words of the service', async () => {
    await using bench = await openBench({ sharedAccessKeys: keys })
    const { emulator } = bench
    const listener = bench.producer(emulator.connectionStringOf({ keyName: 'listen' }))
    await expect(listener.sendBatch([{ body: 'a' }], { partitionId: '0' })).rejects.toMatchObject({
      code: 'UnauthorizedError',
      message: expect.stringMatching(
        /Unauthorized access\. 'Send' claim\(s\) are required to perform this operation\. Resource: 'sb:\/\/localhost:\d+\/hub\/partitions\/0'\./,
      ),
    })
    const client = bench.consumer({ connectionString: emulator.connectionStringOf({ keyName: 'send' }) })
    const reading = bench.read({ client })
    await eventually(() => reading.errors.length > 0)
    expect(reading.errors[0]?.message).toMatch("'Listen' claim(s) are required")
    await reading.close()
    await expect(listener.getPartitionIds()).resolves.toHaveLength(4)
  })

  test('a rule for one hub opens that hub and no other', async () => {
    await using bench = await openBench({ sharedAccessKeys: keys })
    const { emulator } = bench
    emulator.eventHubs.create({ name: 'other' })
    const connectionString = emulator.connectionStringOf({ keyName: 'hub' })
    expect(connectionString).toContain('EntityPath=hub;')
    await bench.producer(connectionString).sendBatch([{ body: 'a' }])
    const elsewhere = bench.consumer({
      connectionString: connectionString.replace(/EntityPath=hub;/, ''),
      hub: 'other',
    })
    await expect(elsewhere.getPartitionIds()).rejects.toMatchObject({ code: 'UnauthorizedError' })
  })

  test('an unknown hub is told when the token is presented', async () => {
    await using bench = await openBench()
    await expect(bench.consumer({ hub: 'none' }).getPartitionIds()).rejects.toMatchObject({
      code: 'MessagingEntityNotFoundError',
      message: expect.stringContaining('could not be found'),
    })
  })

  test('what has no valid token is ended in time', async () => {
    await using bench = await openBench({ idleLimits: { authentication: 100 } })
    const { createConnection } = await import('node:net')
    const { open } = await import('./frames.js')
    const socket = createConnection(bench.emulator.port, '127.0.0.1')
    const text: Buffer[] = []
    socket.on('data', (data) => text.push(data))
    socket.write(open())
    await new Promise((resolve) => socket.on('close', resolve))
    expect(Buffer.concat(text).toString('latin1')).toContain('amqp:connection:forced')
  })

  test('a question brings its own token: its two links need none before it, further ones do', async () => {
    await using bench = await openBench()
    const { connectRhea } = await import('./rhea.js')
    const connection = connectRhea(bench.emulator.port, { username: 'anyone', password: undefined })
    const answers: Context['message'][] = []
    const replies = connection.open_receiver({ source: { address: '$management' }, target: { address: 'replies' } })
    replies.on('message', ({ message }) => answers.push(message))
    const requests = connection.open_sender({ target: { address: '$management' } })
    await new Promise((resolve) => requests.once('sendable', resolve))
    const ask = async (token: object) => {
      const question = { operation: 'READ', type: 'com.microsoft:eventhub', name: 'hub', ...token }
      requests.send({ message_id: '1', reply_to: 'replies', application_properties: question, body: '[]' })
      return await eventually(() => answers.shift() ?? false)
    }
    const answer = await ask({
      security_token: sas('sb://localhost/hub', { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' }),
    })
    expect(answer).toMatchObject({ application_properties: { 'status-code': 200 }, body: { partition_count: 4 } })
    expect(await ask({})).toMatchObject({ application_properties: { 'status-code': 401 } })
    const second = connection.open_sender({ target: { address: '$management' } })
    await new Promise<void>((resolve) => second.once('sender_error', () => resolve()))
    expect(second.error).toMatchObject({ condition: 'amqp:unauthorized-access' })
    connection.close()
  })

  test('an expired token is told apart from a missing claim', async () => {
    await using bench = await openBench()
    const { emulator } = bench
    const { default: rhea } = await import('./rhea.js')
    const options = { host: '127.0.0.1', port: emulator.port, username: 'anyone', reconnect: false }
    const connection = rhea.create_container().connect(options)
    const name = 'sb://localhost/hub/Partitions/0'
    const { token } = await createSasTokenProvider({
      name: 'RootManageSharedAccessKey',
      key: 'SAS_KEY_VALUE',
    }).getToken(name)
    const replies = connection.open_receiver({ name: 'replies', source: { address: '$cbs' } })
    const requests = connection.open_sender({ target: { address: '$cbs' } })
    const granted = new Promise((resolve) => replies.on('message', resolve))
    requests.once('sendable', () =>
      requests.send({
        message_id: '1',
        reply_to: 'replies',
        application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name },
        body: token,
      }),
    )
    await granted
    expect(await emulator.faults.expireTokens()).toBeGreaterThan(0)
    const refusalOf = async (address: string) => {
      const sender = connection.open_sender({ target: { address } })
      await new Promise<void>((resolve) => sender.once('sender_error', () => resolve()))
      return sender.error
    }
    expect(await refusalOf('hub/Partitions/0')).toMatchObject({ description: expect.stringContaining('ExpiredToken') })
    expect(await refusalOf('hub/Partitions/1')).toMatchObject({
      description: expect.stringContaining("'Send' claim(s)"),
    })
    connection.close()
  })

  test('an expired token drops the links it allowed, and only those', async () => {
    await using bench = await openBench()
    const { emulator } = bench
    await bench.send('0', 'a')
    const before = emulator.stats.linksAttached
    const reading = bench.read()
    await eventually(() => reading.events.length === 1)
    expect(await emulator.faults.expireTokens()).toBeGreaterThan(0)
    await eventually(() => emulator.stats.linksAttached >= before + 2)
    await bench.send('0', 'b')
    await eventually(() => reading.bodies().join() === 'a,b')
    await reading.close()
    expect(reading.errors.map((error) => error.message).join()).toMatch('ExpiredToken')
  })
})
