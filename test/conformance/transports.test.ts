import { once } from 'node:events'
import tls from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import type { KafkaConfig } from '../../src/index.js'
import { authenticate, type TrustedCertificate, trustedCertificate } from '../support/authenticate.js'
import { scaled } from '../support/pace.js'
import { startProxy } from '../support/proxy.js'

let certificate: TrustedCertificate
let secure: Emulator
let plain: Emulator
beforeAll(async () => {
  certificate = await trustedCertificate()
  secure = await startEmulator({ tls: certificate })
  plain = await startEmulator()
})
afterAll(async () => {
  await Promise.all([secure.close(), plain.close()])
  await certificate[Symbol.asyncDispose]()
})

let topics = 0
const config = (emulator: Emulator, eventHubs: KafkaConfig['eventHubs'] = {}, rest: Partial<KafkaConfig> = {}) => {
  const base = emulator.kafkaConfig({ clientId: 'transports' })
  const options: KafkaConfig['eventHubs'] = { ...base.eventHubs, ...eventHubs }
  return {
    topic: `transports-${++topics}`,
    kafka: { ...base, retry: { retries: 0 }, ...rest, eventHubs: options },
  }
}

/** Ends TLS with clients that show a certificate it trusts, and passes on what they say. */
async function startGateway() {
  const { cert, key } = certificate
  let accepted = 0
  const server = tls.createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }, (client) => {
    accepted++
    const service = tls.connect({ port: secure.port, host: 'localhost', ca: cert })
    client.pipe(service).pipe(client)
    for (const socket of [client, service]) socket.on('error', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    address: `localhost:${port}`,
    get accepted() {
      return accepted
    },
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

describe('roads to a namespace', () => {
  it('AMQP over TLS', async () => {
    const result = await authenticate(config(secure), { trust: certificate })
    expect(result).toMatchObject({ received: 'through' })
  })

  it('AMQP over TLS, with the key by name', async () => {
    const { topic, kafka } = config(secure)
    const sasl = { mechanism: 'plain', username: 'RootManageSharedAccessKey', password: 'SAS_KEY_VALUE' } as const
    const { connectionString: _, ...eventHubs } = kafka.eventHubs
    const result = await authenticate({ topic, kafka: { ...kafka, sasl, eventHubs } }, { trust: certificate })
    expect(result).toMatchObject({ received: 'through' })
  })

  it('AMQP over WebSockets', async () => {
    const result = await authenticate(config(secure, { transport: 'websockets' }), { trust: certificate })
    expect(result).toMatchObject({ received: 'through' })
  })

  it('AMQP over WebSockets to an emulator without TLS', async () => {
    const result = await authenticate(config(plain, { transport: 'websockets' }))
    expect(result).toMatchObject({ received: 'through' })
  })

  for (const transport of ['amqp', 'websockets'] as const) {
    it(`trusting the certificate by ssl.ca (${transport})`, async () => {
      const ssl = { ca: certificate.cert, servername: 'localhost' }
      expect(await authenticate(config(secure, { transport }, { ssl }))).toMatchObject({ received: 'through' })
    })

    it(`to a gateway that asks for a certificate (${transport})`, async () => {
      await using gateway = await startGateway()
      const { cert, key } = certificate
      const through = (ssl: object) => {
        const { topic, kafka } = config(secure, { transport }, { ssl: { ca: cert, ...ssl } })
        const eventHubs = { ...kafka.eventHubs, customEndpointAddress: gateway.address }
        return authenticate({ topic, kafka: { ...kafka, eventHubs } })
      }
      expect(await through({ cert, key })).toMatchObject({ received: 'through' })
      expect(gateway.accepted).toBeGreaterThan(0)
      const { accepted } = gateway
      expect((await through({})).error?.name).toMatch(/^KafkaJS/)
      expect(gateway.accepted).toBe(accepted)
    })
  }

  it('through a proxy with credentials', async () => {
    await using proxy = await startProxy()
    const result = await authenticate(config(secure, { transport: 'websockets', proxy: proxy.url('me:p%40ss') }), {
      trust: certificate,
    })
    expect(result).toMatchObject({ received: 'through' })
    expect(new Set(proxy.targets)).toEqual(new Set([`localhost:${secure.port}`]))
  })

  it('through the proxy of the environment, unless excepted', async () => {
    await using proxy = await startProxy()
    const env = { HTTPS_PROXY: proxy.url('me:p%40ss'), NO_PROXY: '' }
    const run = (more: object) =>
      authenticate(config(secure, { transport: 'websockets' }), { trust: certificate, env: { ...env, ...more } })
    expect(await run({})).toMatchObject({ received: 'through' })
    const { length } = proxy.targets
    expect(length).toBeGreaterThan(0)
    expect(await run({ NO_PROXY: 'example.com, localhost' })).toMatchObject({ received: 'through' })
    expect(proxy.targets.length).toBe(length)
  })

  it('to a custom endpoint, under the name of the namespace', async () => {
    const { topic, kafka } = config(secure)
    const connectionString = kafka.eventHubs.connectionString?.replace(
      /sb:\/\/[^;]+/,
      'sb://my-ns.servicebus.usgovcloudapi.net/',
    )
    const brokers = ['my-ns.servicebus.usgovcloudapi.net:9093']
    const result = await authenticate(
      {
        topic,
        kafka: {
          ...kafka,
          brokers,
          eventHubs: {
            ...(connectionString && { connectionString }),
            customEndpointAddress: `sb://localhost:${secure.port}`,
            checkpointStore: 'memory:',
          },
        },
      },
      { trust: certificate },
    )
    expect(result).toMatchObject({ received: 'through' })
  })
})

describe('roads that are closed', () => {
  const failing = (configuration: ReturnType<typeof config>, options: Parameters<typeof authenticate>[1] = {}) =>
    authenticate(
      { ...configuration, connectOnly: true, kafka: { ...configuration.kafka, connectionTimeout: 2000 } },
      options,
    )

  it('an unreachable host', async () => {
    const { topic, kafka } = config(plain, {}, { brokers: ['no-such-namespace.invalid:9093'] })
    const { connectionString: _, ...eventHubs } = kafka.eventHubs
    const sasl = { mechanism: 'plain', username: 'a', password: 'b' } as const
    const result = await failing({ topic, kafka: { ...kafka, sasl, eventHubs } } as ReturnType<typeof config>)
    expect(result.error?.name).toMatch(/^KafkaJS(NumberOfRetriesExceeded|ConnectionError)$/)
    expect(JSON.stringify(result.error)).toContain('no-such-namespace.invalid')
    expect(result.milliseconds).toBeLessThan(scaled(3000))
  })

  it('a host that does not answer', async () => {
    // A listening socket that accepts and says nothing.
    const { createServer } = await import('node:net')
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    const { topic, kafka } = config(plain)
    const eventHubs = { connectionString: kafka.eventHubs.connectionString?.replace(/:\d+/, `:${port}`) as string }
    const result = await failing({
      topic,
      kafka: { ...kafka, brokers: [`localhost:${port}`], eventHubs },
    } as ReturnType<typeof config>)
    silent.close()
    expect(JSON.stringify(result.error)).toMatch(/ConnectionError/)
    expect(result.error?.message).toMatch(/timeout/i)
    expect(result.milliseconds).toBeLessThan(scaled(3000))
  })

  for (const transport of ['amqp', 'websockets'] as const) {
    it(`a certificate that is not trusted (${transport})`, async () => {
      const result = await failing(config(secure, { transport }))
      expect(JSON.stringify(result.error)).toMatch(/ConnectionError.*self.signed certificate/is)
      expect(result.milliseconds).toBeLessThan(scaled(3000))
    })
  }

  it('a proxy that is none, whose password is told to nobody', async () => {
    const proxy = 'http://me:hush/hush@127.0.0.1:3128'
    const result = await failing(config(secure, { transport: 'websockets', proxy }), { trust: certificate })
    expect(result.error).toMatchObject({ name: 'KafkaJSNonRetriableError', message: expect.stringContaining('proxy') })
    expect(JSON.stringify(result)).not.toContain('hush')
  })

  it('a proxy that cannot be reached', async () => {
    let proxy: string
    {
      await using closed = await startProxy()
      proxy = closed.url('me:p%40ss')
    }
    const result = await failing(config(secure, { transport: 'websockets', proxy }), { trust: certificate })
    expect(JSON.stringify(result.error)).toMatch(/ConnectionError/)
    expect(result.error?.message).toMatch(/proxy.*cannot be reached.*HTTPS_PROXY/)
  })

  it('a port that is none', async () => {
    const { topic, kafka } = config(plain)
    const result = await failing({
      topic,
      kafka: { ...kafka, brokers: ['localhost:99999'], eventHubs: {} },
    } as unknown as ReturnType<typeof config>)
    expect(result.error?.name).toMatch(/^KafkaJS/)
  })

  it('a proxy that refuses', async () => {
    await using proxy = await startProxy()
    const result = await failing(config(secure, { transport: 'websockets', proxy: proxy.url('me:wrong-password') }), {
      trust: certificate,
    })
    expect(result.error?.name).toMatch(/^KafkaJS/)
    expect(result.error?.message).toMatch(/407|proxy/i)
    expect(JSON.stringify(result)).not.toContain('wrong-password')
    expect(result.milliseconds).toBeLessThan(scaled(3000))
  })
})
