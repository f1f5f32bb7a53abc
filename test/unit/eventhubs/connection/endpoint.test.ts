import { once } from 'node:events'
import tls from 'node:tls'
import { expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { kafkaSettings, resolveNamespace } from '../../../../src/config/config.js'
import { endpointOf } from '../../../../src/eventhubs/connection/endpoint.js'
import { largestFrame } from '../../../../src/eventhubs/connection/frames.js'
import type { KafkaConfig } from '../../../../src/types/index.js'
import { createDeferred } from '../../../../src/util/deferred.js'
import { createCertificate } from '../../../support/certificate.js'

const key = 'SharedAccessKeyName=a;SharedAccessKey=b'
const brokers = ['ns.servicebus.windows.net:9093']

it.each<[Partial<KafkaConfig>, string]>([
  [{ brokers }, 'ns.servicebus.windows.net:5671'],
  [{ brokers: ['ns.servicebus.chinacloudapi.cn:9093'] }, 'ns.servicebus.chinacloudapi.cn:5671'],
  [{ brokers, eventHubs: { transport: 'websockets' } }, 'ns.servicebus.windows.net:443'],
  [{ brokers, eventHubs: { customEndpointAddress: 'https://gateway.internal:8443' } }, 'gateway.internal:8443'],
  [{ brokers, eventHubs: { customEndpointAddress: 'sb://gateway.internal' } }, 'gateway.internal:5671'],
  [{ brokers: ['localhost:12345'] }, 'localhost:12345'],
  [{ brokers: ['localhost'] }, 'localhost:5672'],
  [{ brokers: ['[::1]:12345'] }, '[::1]:12345'],
  [{ brokers: ['localhost:12345'], ssl: true }, 'localhost:12345'],
  [{ brokers: ['127.0.0.1:12345'], eventHubs: { transport: 'websockets' } }, '127.0.0.1:12345'],
  [
    { eventHubs: { connectionString: `Endpoint=sb://ns.servicebus.windows.net/;${key}` } },
    'ns.servicebus.windows.net:5671',
  ],
  [
    { eventHubs: { connectionString: `Endpoint=sb://emulator:5673;${key};UseDevelopmentEmulator=true` } },
    'emulator:5673',
  ],
])('%j goes to %s', async (config, address) => {
  const settings = kafkaSettings(config as KafkaConfig)
  expect(endpointOf(await resolveNamespace(settings), settings).address).toBe(address)
})

it.each(['amqp', 'websockets'] as const)(
  'asks an address for the certificate of the namespace (%s)',
  async (transport) => {
    const { cert, key } = createCertificate()
    const server = tls.createServer({ cert, key })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const settings = kafkaSettings({
      brokers,
      ssl: { rejectUnauthorized: false },
      eventHubs: { transport, customEndpointAddress: `sb://127.0.0.1:${port}` },
    })
    const { openStream } = endpointOf(await resolveNamespace(settings), settings)
    const secured = once(server, 'secureConnection')
    const stream = openStream(
      () => undefined,
      () => undefined,
    )
    stream.on('error', () => undefined)
    const [socket] = (await secured) as [tls.TLSSocket & { servername: string }]
    expect(socket.servername).toBe('ns.servicebus.windows.net')
    stream.destroy()
    server.close()
  },
)

it('says which option is no address', async () => {
  const settings = kafkaSettings({ brokers, eventHubs: { customEndpointAddress: 'sb://gateway:5671x' } })
  const namespace = await resolveNamespace(settings)
  expect(() => endpointOf(namespace, settings)).toThrow(
    expect.objectContaining({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining('customEndpointAddress'),
    }),
  )
})

it('takes no WebSocket message larger than any frame, and does not pass it for a mistake of the program', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  // The head of a binary message of so many bytes, and none of them.
  const head = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeBigUInt64BE(BigInt(largestFrame + 1), 2)
  server.on('connection', (_socket, { socket }) => socket.write(head))
  const settings = kafkaSettings({ brokers: [`127.0.0.1:${port}`], eventHubs: { transport: 'websockets' } })
  const { openStream } = endpointOf(await resolveNamespace(settings), settings)
  const refused = createDeferred<Error>()
  const stream = openStream(() => {}, refused.resolve)
  stream.on('error', () => {})
  expect(await refused.promise).toMatchObject({
    name: 'KafkaJSConnectionError',
    retriable: true,
    message: expect.stringContaining('Max payload size exceeded'),
  })
  stream.destroy()
  for (const client of server.clients) client.terminate()
  server.close()
})
