import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { once } from '../emulator/sdk.js'
import { createCertificate } from '../support/certificate.js'
import { runCliOn, runCommand } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

/** The emulator as a process of its own, until the end of the test. */
const serve = (...args: string[]) => serveOn([], ...args)

/** The same in a process for which it is earlier. */
const serveEarlier = (hours: number, ...args: string[]) =>
  serveOn(
    ['--import', `data:text/javascript,const { now } = Date; Date.now = () => now() - ${hours} * 3_600_000`],
    ...args,
  )

async function serveOn(nodeOptions: string[], ...args: string[]) {
  const { child, output, exit } = runCliOn(nodeOptions, 'emulator', '--port', '0', ...args)
  const stop = async () => {
    child.kill('SIGTERM')
    await exit
  }
  try {
    const find = (pattern: RegExp) =>
      eventually(() => pattern.exec(output())?.[1] ?? Promise.reject(new Error(output())), { timeout: 30_000 })
    const connectionString = await find(/Connection string: (\S+)/)
    return {
      connectionString,
      port: Number(await find(/listening on \S+:(\d+)/)),
      find,
      output,
      /** Ends it without a warning, as a machine that goes down does. */
      async kill() {
        child.kill('SIGKILL')
        await exit
      },
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function using<T extends { close(): Promise<void> }, R>(client: T, work: (client: T) => Promise<R>): Promise<R> {
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const send = (connectionString: string, ...bodies: string[]) =>
  using(new EventHubProducerClient(connectionString, 'orders', once), (client) =>
    client.sendBatch(
      bodies.map((body) => ({ body })),
      { partitionId: '0' },
    ),
  )

const boundsOf = (connectionString: string) =>
  using(new EventHubConsumerClient('$Default', connectionString, 'orders', once), (client) =>
    client.getPartitionProperties('0'),
  )

async function createCertificateFiles(directory: string) {
  const certificate = createCertificate()
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  await writeFile(cert, certificate.cert)
  await writeFile(key, certificate.key)
  return { ...certificate, args: ['--tls-cert', cert, '--tls-key', key] }
}

type SigningKey = Parameters<SignJWT['sign']>[0]

/** Sends with a bearer token; resolves with the partitions. */
function sendWithToken(
  { port, ca }: { port: number; ca: string },
  { issuer, key, header }: { issuer: string; key: SigningKey; header: { alg: string; kid?: string } },
) {
  const credential = {
    getToken: async () => ({
      token: await new SignJWT()
        .setProtectedHeader(header)
        .setIssuer(issuer)
        .setAudience('audience')
        .setExpirationTime('1h')
        .sign(key),
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  }
  const options = {
    ...once,
    customEndpointAddress: `sb://localhost:${port}`,
    webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca } },
  }
  return using(new EventHubProducerClient('localhost', 'orders', credential, options), async (client) => {
    await client.sendBatch([{ body: 'a' }])
    return client.getPartitionIds()
  })
}

test('TLS and bearer tokens: --tls-cert, --tls-key, --jwt-secret, --jwt-issuer, --jwt-audience', async () => {
  await using directory = await openDirectory()
  const { cert: ca, args } = await createCertificateFiles(directory.path)
  const secret = 'a secret of at least 32 characters'
  await using emulator = await serve(
    ...[...args, '--partitions', '3'],
    ...['--jwt-secret', secret, '--jwt-issuer', 'https://issuer/', '--jwt-audience', 'audience'],
  )
  expect(emulator.connectionString).not.toContain('UseDevelopmentEmulator')
  const { port } = emulator
  const key = new TextEncoder().encode(secret)
  const sendAs = (issuer: string) => sendWithToken({ port, ca }, { issuer, key, header: { alg: 'HS256' } })
  expect(await sendAs('https://issuer/')).toEqual(['0', '1', '2'])
  await expect(sendAs('https://other/')).rejects.toMatchObject({ code: 'UnauthorizedError' })
})

test('bearer tokens of published keys: --jwt-jwks', async () => {
  await using directory = await openDirectory()
  const { cert: ca, args } = await createCertificateFiles(directory.path)
  const [published, other] = [await generateKeyPair('RS256'), await generateKeyPair('RS256')]
  const keys = [{ ...(await exportJWK(published.publicKey)), kid: 'k', alg: 'RS256' }]
  const publisher = createServer((_request, response) => response.end(JSON.stringify({ keys })))
  await new Promise<void>((resolve) => publisher.listen(0, '127.0.0.1', resolve))
  try {
    const { port: publishedOn } = publisher.address() as AddressInfo
    await using emulator = await serve(...args, '--jwt-jwks', `http://127.0.0.1:${publishedOn}/keys`)
    const { port } = emulator
    const sendAs = (key: SigningKey) =>
      sendWithToken({ port, ca }, { issuer: 'any', key, header: { alg: 'RS256', kid: 'k' } })
    expect(await sendAs(published.privateKey)).toHaveLength(4)
    await expect(sendAs(other.privateKey)).rejects.toMatchObject({ code: 'UnauthorizedError' })
  } finally {
    publisher.closeAllConnections()
    await new Promise((resolve) => publisher.close(resolve))
  }
})

test('keys: --key', async () => {
  await using emulator = await serve('--key', 'owner=first', '--key', 'reader=second:listen')
  expect(emulator.connectionString).toContain('SharedAccessKeyName=owner;SharedAccessKey=first;')
  await send(emulator.connectionString, 'a')
  const reader = emulator.connectionString.replace('owner', 'reader').replace('first', 'second')
  expect(await boundsOf(reader)).toMatchObject({ lastEnqueuedSequenceNumber: 0 })
  await expect(send(reader, 'b')).rejects.toMatchObject({ code: 'UnauthorizedError' })
  const known = emulator.connectionString
    .replace('owner', 'RootManageSharedAccessKey')
    .replace('first', 'SAS_KEY_VALUE')
  await expect(send(known, 'b')).rejects.toMatchObject({ code: 'UnauthorizedError' })
})

test('data that outlive the process, and retention: --data, --retention-count', async () => {
  await using directory = await openDirectory()
  {
    await using emulator = await serve('--data', directory.path, '--retention-count', '3')
    await send(emulator.connectionString, 'a', 'b', 'c', 'd', 'e')
    expect(await boundsOf(emulator.connectionString)).toMatchObject({
      beginningSequenceNumber: 2,
      lastEnqueuedSequenceNumber: 4,
    })
  }
  {
    await using emulator = await serve('--data', directory.path, '--retention-count', '3')
    expect(emulator.output()).toContain('orders: 4 partitions')
    expect(await boundsOf(emulator.connectionString)).toMatchObject({
      beginningSequenceNumber: 2,
      lastEnqueuedSequenceNumber: 4,
    })
    await send(emulator.connectionString, 'f')
    await emulator.kill()
  }
  await using emulator = await serve('--data', directory.path)
  expect(await boundsOf(emulator.connectionString)).toMatchObject({ lastEnqueuedSequenceNumber: 5 })
})

test('retention by time: --retention-hours', async () => {
  await using directory = await openDirectory()
  const args = ['--data', directory.path, '--retention-hours', '1']
  {
    await using earlier = await serveEarlier(2, ...args)
    await send(earlier.connectionString, 'a')
    expect(await boundsOf(earlier.connectionString)).toMatchObject({ isEmpty: false, lastEnqueuedSequenceNumber: 0 })
  }
  await using emulator = await serve(...args)
  expect(await boundsOf(emulator.connectionString)).toMatchObject({ isEmpty: true, lastEnqueuedSequenceNumber: 0 })
})

test('retention by size: --retention-bytes', async () => {
  await using emulator = await serve('--retention-bytes', '10000')
  for (let i = 0; i < 4; i++) await send(emulator.connectionString, 'x'.repeat(4000))
  // What an event takes besides its body counts as well.
  expect(await boundsOf(emulator.connectionString)).toMatchObject({
    beginningSequenceNumber: 2,
    lastEnqueuedSequenceNumber: 3,
  })
})

test('health and a log: --health-port, --verbose', async () => {
  await using emulator = await serve('--health-port', '0', '--verbose')
  const health = await emulator.find(/Health: (\S+)/)
  const answer = await fetch(health)
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ status: 'healthy' })])
  expect((await fetch(new URL('/$Resources/EventHubs', health))).status).toBe(404)
  await send(emulator.connectionString, 'a')
  await expect(send(emulator.connectionString.replace('SAS_KEY_VALUE', 'wrong'), 'a')).rejects.toThrow()
  await eventually(() => {
    expect(emulator.output()).toMatch(/INFO AMQP connection \d+ opened by /)
    expect(emulator.output()).toMatch(/INFO AMQP connection \d+ \w[\w ]* orders\/partitions\/0/i)
    expect(emulator.output()).toMatch(/INFO AMQP connection \d+ was refused a token: .*InvalidSignature/)
    expect(emulator.output()).toMatch(/INFO AMQP connection \d+ closed/)
  })
})

test.each<[args: string[], code: number, text: string]>([
  [['--tls-cert', 'cert.pem'], 1, 'TLS takes both --tls-cert and --tls-key'],
  [['--tls-cert', '/nowhere/cert.pem', '--tls-key', '/nowhere/key.pem'], 1, "The file of --tls-cert can't be used"],
  [['--jwt-issuer', 'https://issuer/'], 1, 'Bearer tokens take --jwt-jwks or --jwt-secret'],
  [['--key', 'name'], 2, 'It must be name=key or name=key:claims.'],
  [['--key', 'name=key:Write'], 2, "There is no claim 'Write'"],
  [['--retention-count', '0'], 2, 'It must be a whole number from 1 on.'],
  [['--health-port', 'x'], 2, 'It must be a port.'],
])('%j is refused', async (args, code, text) => {
  expect(await runCommand(['emulator', '--port', '0', ...args])).toMatchObject({
    code,
    errors: expect.stringContaining(text),
  })
})
