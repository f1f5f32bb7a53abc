import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createEmulatorFaults } from '../../src/cli/console/emulator-faults.js'
import { startEmulator } from '../../src/emulator/index.js'
import { Kafka, type KafkaConfig, oauthBearerAuth } from '../../src/index.js'
import { createCertificate } from '../support/certificate.js'

const namesOf = async (config: KafkaConfig, timeout?: number) =>
  (await (await createEmulatorFaults({ config, kafka: new Kafka(config) }, timeout)).list()).map(({ name }) => name)

/** Whatever listens on a port where an emulator was expected. */
async function listen(server: Server | HttpServer) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { brokers: [`127.0.0.1:${port}`], [Symbol.dispose]: () => void server.close() }
}

test('asks with the credential of the configuration, whatever its kind', async () => {
  await using emulator = await startEmulator({ faultsOverHttp: true })
  const { brokers } = emulator.kafkaConfig()
  const { sasl } = emulator.kafkaEndpointConfig()
  const key = { username: 'RootManageSharedAccessKey', password: 'SAS_KEY_VALUE' }
  for (const config of [{ brokers }, { brokers, sasl }, { brokers, sasl: { mechanism: 'plain' as const, ...key } }]) {
    expect(await namesOf(config)).toContain('clear')
  }
  const wrong = { mechanism: 'plain' as const, ...key, password: 'd3Jvbmc=' }
  expect(await namesOf({ brokers, sasl: wrong })).toEqual([])
})

test('asks over TLS, with a certificate authority of its own and a bearer token', async () => {
  const certificate = createCertificate()
  const secret = 'a secret of thirty-two bytes, at least'
  await using emulator = await startEmulator({ faultsOverHttp: true, tls: certificate, jwt: { secret } })
  const value = await new SignJWT({ roles: ['Azure Event Hubs Data Owner'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(secret))
  const config = {
    brokers: [`localhost:${emulator.port}`],
    eventHubs: { auth: oauthBearerAuth(async () => ({ value })) },
  }
  expect(await namesOf({ ...config, ssl: { ca: certificate.cert } })).toContain('clear')
  expect(await namesOf({ ...config, ssl: true })).toEqual([])
})

test('takes nothing for a fault that is none, and waits for nobody', async () => {
  using silent = await listen(createServer(() => {}))
  expect(await namesOf(silent, 200)).toEqual([])
  const texts = ['', 'hello', 'null', '[]', '{"faults":1}', '{"faults":[null,{"name":"../x","title":"x","text":"x"}]}']
  for (const text of texts) {
    using other = await listen(createHttpServer((_request, response) => void response.end(text)))
    expect(await namesOf(other), text).toEqual([])
  }
  expect(await namesOf({ brokers: ['namespace.invalid:9093'] })).toEqual([])
  expect(await namesOf({ brokers: ['localhost.namespace.invalid:9093'] })).toEqual([])
})
