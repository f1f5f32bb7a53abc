import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { once } from '../emulator/sdk.js'
import { createCertificate } from '../support/certificate.js'
import { runCli, runCommand } from '../support/cli.js'
import { eventually } from '../support/eventually.js'

/** The emulator as a process of its own, until the end of the test. */
async function serve(...args: string[]) {
  const { child, output, exit } = runCli('emulator', '--port', '0', ...args)
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

test('TLS and bearer tokens: --tls-cert, --tls-key, --jwt-secret, --jwt-issuer, --jwt-audience', async () => {
  await using directory = await openDirectory()
  const certificate = createCertificate()
  const [cert, key] = [join(directory.path, 'cert.pem'), join(directory.path, 'key.pem')]
  await writeFile(cert, certificate.cert)
  await writeFile(key, certificate.key)
  const secret = 'a secret of at least 32 characters'
  await using emulator = await serve(
    ...['--tls-cert', cert, '--tls-key', key, '--partitions', '3'],
    ...['--jwt-secret', secret, '--jwt-issuer', 'https://issuer/', '--jwt-audience', 'audience'],
  )
  expect(emulator.connectionString).not.toContain('UseDevelopmentEmulator')
  const options = {
    ...once,
    customEndpointAddress: `sb://localhost:${emulator.port}`,
    webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca: certificate.cert } },
  }
  const bearer = (issuer: string) => ({
    getToken: async () => ({
      token: await new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(issuer)
        .setAudience('audience')
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(secret)),
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  })
  const sendAs = (issuer: string) =>
    using(new EventHubProducerClient('localhost', 'orders', bearer(issuer), options), async (client) => {
      await client.sendBatch([{ body: 'a' }])
      return client.getPartitionIds()
    })
  expect(await sendAs('https://issuer/')).toEqual(['0', '1', '2'])
  await expect(sendAs('https://other/')).rejects.toMatchObject({ code: 'UnauthorizedError' })
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
