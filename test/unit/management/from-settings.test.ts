import { Agent } from 'node:https'
import { SignJWT } from 'jose'
import { Server as ProxyServer } from 'proxy-chain'
import { describe, expect, it } from 'vitest'
import { kafkaSettings, resolveNamespace } from '../../../src/config/config.js'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import { KafkaJSRequestTimeoutError } from '../../../src/errors/index.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import { createManagement } from '../../../src/management/from-settings.js'
import type { Management } from '../../../src/management/management.js'
import type { AuthProvider } from '../../../src/types/auth-provider.js'
import type { EventHubsOptions, KafkaConfig } from '../../../src/types/index.js'
import { createCertificate } from '../../support/certificate.js'

const timedOut = () => new KafkaJSRequestTimeoutError('late')
const SECRET = 'a secret that is long enough for HS256'

/** As `new Kafka()` would make it. */
async function managementOf(config: Partial<KafkaConfig>, auth: AuthProvider): Promise<Management | undefined> {
  const settings = kafkaSettings({ retry: { retries: 0 }, ...config } as KafkaConfig)
  const namespace = await resolveNamespace(settings)
  return await createManagement({ namespace, auth, settings, logger: createLogger({ level: 0 }), timedOut })
}

async function bearer(roles: string[] = ['Azure Event Hubs Data Owner']) {
  const scopes: (string | string[])[] = []
  const auth: AuthProvider = {
    getCredential: () => credential,
  }
  const credential = {
    async getToken(scope: string | string[]) {
      scopes.push(scope)
      const token = await new SignJWT({ roles })
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('10m')
        .sign(new TextEncoder().encode(SECRET))
      return { token, expiresOnTimestamp: Date.now() + 600_000 }
    },
  }
  return { auth, scopes }
}

const keyOf = (emulator: Emulator): AuthProvider => ({
  getCredential: () => ({ connectionString: emulator.connectionString }),
})

describe('the management API of a namespace', () => {
  it('is off when it is switched off', async () => {
    const config = { brokers: ['localhost:5672'], eventHubs: { management: false } } as const
    expect(
      await managementOf({ ...config, brokers: [...config.brokers] }, { getCredential: () => ({ signature: '' }) }),
    ).toBe(undefined)
  })

  it('is reached over HTTP on the one port of an emulator', async () => {
    await using emulator = await startEmulator({ eventHubs: [{ name: 'orders' }] })
    const management = await managementOf(emulator.kafkaConfig({ clientId: 'test' }), keyOf(emulator))
    expect(await management?.listEventHubs()).toMatchObject([{ name: 'orders', partitionCount: 4 }])
  })

  it.each([
    ['brokers', (port: number) => ({ brokers: [`localhost:${port}`] }), {}],
    [
      'customEndpointAddress',
      () => ({ brokers: ['my-namespace.servicebus.windows.net:9093'] }),
      (port: number) => ({ customEndpointAddress: `sb://localhost:${port}` }),
    ],
  ])('is reached over HTTPS with a bearer token, by %s', async (_, brokersOf, custom) => {
    const tls = createCertificate()
    await using emulator = await startEmulator({ tls, jwt: { secret: SECRET }, eventHubs: [{ name: 'orders' }] })
    const { auth, scopes } = await bearer()
    const eventHubs: EventHubsOptions = typeof custom === 'function' ? custom(emulator.port) : custom
    const management = await managementOf(
      { ...brokersOf(emulator.port), ssl: { ca: tls.cert }, eventHubs: { transport: 'websockets', ...eventHubs } },
      auth,
    )
    expect(await management?.listEventHubs()).toMatchObject([{ name: 'orders' }])
    await management?.createEventHub('payments', { partitionCount: 1 })
    expect(emulator.eventHubs.get('payments')?.partitionCount).toBe(1)
    // One token for all requests, for the scope of Event Hubs.
    expect(scopes).toEqual([['https://eventhubs.azure.net//.default']])
  })

  it('tells a token without the role', async () => {
    const tls = createCertificate()
    await using emulator = await startEmulator({ tls, jwt: { secret: SECRET } })
    const { auth } = await bearer(['Azure Event Hubs Data Receiver'])
    const management = await managementOf(
      { brokers: [`localhost:${emulator.port}`], ssl: { ca: tls.cert }, eventHubs: { transport: 'websockets' } },
      auth,
    )
    await expect(management?.listEventHubs()).rejects.toMatchObject({
      type: 'CLUSTER_AUTHORIZATION_FAILED',
      message: expect.stringContaining('Azure Event Hubs Data Owner'),
    })
  })

  it('never sends a bearer token in the clear', async () => {
    await using emulator = await startEmulator({ jwt: { secret: SECRET } })
    const { auth } = await bearer()
    const management = await managementOf({ brokers: [`localhost:${emulator.port}`] }, auth)
    await expect(management?.listEventHubs()).rejects.toMatchObject({
      name: expect.stringMatching(/^KafkaJS/),
      message: expect.stringMatching(/non-TLS/),
    })
  })

  it('does not wait for ever for a credential to ask Resource Manager with', async () => {
    const config = {
      brokers: ['ns.servicebus.windows.net'],
      connectionTimeout: 20,
      eventHubs: { management: { subscriptionId: 's', resourceGroupName: 'g' } },
    }
    await expect(managementOf(config, { getCredential: () => new Promise(() => {}) })).rejects.toMatchObject({
      name: 'KafkaJSSASLAuthenticationError',
      message: expect.stringContaining('no answer within 20 ms'),
    })
  })

  it('goes through the proxy that WebSockets go through', async () => {
    const tls = createCertificate()
    await using emulator = await startEmulator({ tls, eventHubs: [{ name: 'orders' }] })
    const tunnels: string[] = []
    const proxy = new ProxyServer({
      port: 0,
      host: '127.0.0.1',
      prepareRequestFunction({ username, password, hostname, port }) {
        tunnels.push(`${hostname}:${port}`)
        return { requestAuthentication: username !== 'me' || password !== 'p@ss' }
      },
    })
    await proxy.listen()
    try {
      const management = await managementOf(
        {
          brokers: [`localhost:${emulator.port}`],
          ssl: { ca: tls.cert },
          eventHubs: { transport: 'websockets', proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}` },
        },
        keyOf(emulator),
      )
      expect(await management?.listEventHubs()).toMatchObject([{ name: 'orders' }])
      expect(tunnels).toEqual([`localhost:${emulator.port}`])
    } finally {
      await proxy.close(true)
    }
  })

  it('takes an agent of one’s own', async () => {
    const tls = createCertificate()
    await using emulator = await startEmulator({ tls, eventHubs: [{ name: 'orders' }] })
    const proxy = new Agent({ ca: tls.cert, keepAlive: false })
    const management = await managementOf(
      { brokers: [`localhost:${emulator.port}`], ssl: true, eventHubs: { transport: 'websockets', proxy } },
      keyOf(emulator),
    )
    expect(await management?.listEventHubs()).toMatchObject([{ name: 'orders' }])
  })
})
