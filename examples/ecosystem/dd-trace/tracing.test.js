const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { test } = require('node:test')

/** As much of a Datadog agent as taking traces in. */
async function startAgent() {
  let received = ''
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.url.includes('/traces')) received += Buffer.concat(chunks).toString('latin1')
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(request.url === '/info' ? '{}' : '{"rate_by_service":{}}')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, received: () => received, close: () => server.close() }
}

test('spans of sending and handling reach the agent', async () => {
  const agent = await startAgent()
  process.env.DD_TRACE_AGENT_URL = agent.url
  process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false'
  process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false'
  require('./tracing.js')
  const { Kafka, logLevel, Partitioners } = require('kafkajs')
  const { startEmulator } = require('kafkajs/emulator')

  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'traced' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise((resolve) => void consumer.run({ eachMessage: async () => resolve() }))
  await consumer.disconnect()
  await emulator.close()

  const end = Date.now() + 20_000
  const isThere = () => ['send orders', 'process orders', 'shop'].every((text) => agent.received().includes(text))
  while (!isThere() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(isThere(), JSON.stringify(agent.received()))
  agent.close()
})
