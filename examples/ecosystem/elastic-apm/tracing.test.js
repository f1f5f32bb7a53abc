const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { test } = require('node:test')
const { createGunzip } = require('node:zlib')

/** As much of an APM server as taking events in. */
async function startServer() {
  const events = []
  const server = createServer(async (request, response) => {
    const body = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request
    const chunks = []
    for await (const chunk of body) chunks.push(chunk)
    const lines = Buffer.concat(chunks).toString().split('\n').filter(Boolean)
    events.push(...lines.map((line) => JSON.parse(line)))
    response.writeHead(202).end('{}')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, events, close: () => server.close() }
}

test('sending and handling are told to the server, as one trace', async () => {
  const server = await startServer()
  const agent = require('elastic-apm-node').start({
    serviceName: 'shop',
    serverUrl: server.url,
    logLevel: 'off',
    apiRequestTime: '1s',
    metricsInterval: '0s',
    centralConfig: false,
    cloudProvider: 'none',
  })
  const { Kafka, logLevel, Partitioners } = require('kafkajs')
  const { startEmulator } = require('kafkajs/emulator')

  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'traced' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const transaction = agent.startTransaction('checkout')
  await producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] })
  transaction.end()
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise((resolve) => void consumer.run({ eachMessage: async () => resolve() }))
  await consumer.disconnect()
  await emulator.close()

  const find = (kind, name) => server.events.find((event) => event[kind]?.name === name)?.[kind]
  const end = Date.now() + 20_000
  const seen = () => [find('span', 'Kafka SEND to orders'), find('transaction', 'Kafka RECEIVE from orders')]
  while (!seen().every(Boolean) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  const [sending, handling] = seen()
  assert.equal(handling?.trace_id, sending?.trace_id)
  assert.equal(handling?.parent_id, sending?.id)
  server.close()
})
