import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EventHubProducerClient } from '@azure/event-hubs'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startEmulator } from '../../src/emulator/index.js'
import { createCertificate } from '../support/certificate.js'
import { once, openBench } from './sdk.js'

const certificate = createCertificate()
const secret = 'a secret of at least 32 characters'
const eventHubs = [{ name: 'hub' }]

/** Runs the client program with the certificate trusted. */
async function runClient(port: number, credential: string): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'emulator-'))
  try {
    const ca = join(directory, 'ca.pem')
    await writeFile(ca, certificate.cert)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'secure-client.ts'), `localhost:${port}`, 'hub', credential],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: ca } },
    )
    return JSON.parse(stdout) as Record<string, unknown>
  } finally {
    await rm(directory, { recursive: true })
  }
}

const jwt = (roles?: string[]) =>
  new SignJWT(roles ? { roles } : {})
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://issuer/')
    .setAudience('https://eventhubs.azure.net')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))

describe('AMQP over TLS', () => {
  test('with a shared key', async () => {
    await using emulator = await startEmulator({ tls: certificate, eventHubs })
    expect(emulator.connectionString).not.toContain('UseDevelopmentEmulator')
    expect(await runClient(emulator.port, emulator.connectionString)).toEqual({ body: 'over TLS' })
    expect(emulator.kafkaConfig({ clientId: 'c' })).toMatchObject({
      brokers: [`localhost:${emulator.port}`],
      ssl: true,
      eventHubs: { customEndpointAddress: `sb://localhost:${emulator.port}` },
    })
  })

  test('with a bearer token', async () => {
    await using emulator = await startEmulator({
      tls: certificate,
      eventHubs,
      jwt: { secret, issuer: 'https://issuer/' },
    })
    expect(await runClient(emulator.port, await jwt())).toEqual({ body: 'over TLS' })
  })

  test('with a bearer token whose keys are published', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }
    await using emulator = await startEmulator({ tls: certificate, eventHubs, jwt: { jwks } })
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setExpirationTime('1h')
      .sign(privateKey)
    expect(await runClient(emulator.port, token)).toEqual({ body: 'over TLS' })
  })

  test('with a bearer token that lacks the role', async () => {
    await using emulator = await startEmulator({ tls: certificate, eventHubs, jwt: { secret } })
    const refused = await runClient(emulator.port, await jwt(['Azure Event Hubs Data Receiver']))
    expect(refused).toMatchObject({
      code: 'UnauthorizedError',
      message: expect.stringContaining("Unauthorized access. 'Send' claim(s) are required"),
    })
  })

  test('plain bytes are not served there', async () => {
    await using emulator = await startEmulator({ tls: certificate, eventHubs })
    const socket = createConnection(emulator.port, '127.0.0.1')
    socket.write('AMQP\x00\x01\x00\x00')
    await new Promise((resolve) => socket.once('close', resolve))
    expect(emulator.stats.connectionsAccepted).toBe(0)
  })

  test('HTTPS is', async () => {
    await using emulator = await startEmulator({ tls: certificate, eventHubs })
    const status = await new Promise((resolve, reject) => {
      request({ host: 'localhost', port: emulator.port, path: '/health', ca: certificate.cert }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
  })
})

describe('AMQP over WebSockets', () => {
  test('with TLS', async () => {
    await using emulator = await startEmulator({ tls: certificate, eventHubs })
    const client = new EventHubProducerClient(emulator.connectionString, 'hub', {
      ...once,
      customEndpointAddress: `sb://localhost:${emulator.port}`,
      webSocketOptions: { webSocket: WebSocket, webSocketConstructorOptions: { ca: certificate.cert } },
    })
    await client.sendBatch([{ body: 'a' }], { partitionId: '0' })
    const batch = await client.createBatch({ partitionId: '1' })
    while (batch.tryAdd({ body: Buffer.alloc(50_000) }));
    await client.sendBatch(batch)
    await client.close()
    expect(emulator.stats.eventsStored).toBe(1 + batch.count)
  })

  test('without', async () => {
    await using bench = await openBench()
    const socket = new WebSocket(`ws://127.0.0.1:${bench.emulator.port}/$servicebus/websocket`, 'AMQPWSB10')
    const answer = new Promise<Buffer>((resolve) => socket.once('message', (data) => resolve(data as Buffer)))
    await new Promise((resolve) => socket.once('open', resolve))
    expect(socket.protocol).toBe('AMQPWSB10')
    socket.send(Buffer.from('AMQP\x03\x01\x00\x00', 'latin1'))
    expect((await answer).subarray(0, 4).toString()).toBe('AMQP')
    socket.close()
  })

  test('nowhere else', async () => {
    await using bench = await openBench()
    const socket = new WebSocket(`ws://127.0.0.1:${bench.emulator.port}/elsewhere`, 'AMQPWSB10')
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(error.message).toContain('404')
  })
})
