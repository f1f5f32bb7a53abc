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

/** Sends a message and handles it. Resolves with what its handler saw. */
async function sendAndHandle({ Kafka, logLevel, Partitioners }, tracer) {
  const { startEmulator } = require('kafkajs/emulator')
  const emulator = await startEmulator({ eventHubs: [{ name: 'orders', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'traced' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: 'espresso' }] })
  await producer.disconnect()
  const consumer = kafka.consumer({ groupId: 'g' })
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const seen = await new Promise((resolve) => {
    const eachMessage = async ({ message }) => resolve({ headers: message.headers, span: tracer.scope().active() })
    void consumer.run({ eachMessage })
  })
  await consumer.disconnect()
  await emulator.close()
  return seen
}

/** The tracer that is loaded as a program is that traces: before kafkajs. */
async function startTracing() {
  const agent = await startAgent()
  process.env.DD_TRACE_AGENT_URL = agent.url
  process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false'
  process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false'
  return { agent, tracer: require('./tracing.js') }
}

test("dd-trace's own spans of sending and handling reach the agent, as one trace", async () => {
  const { agent, tracer } = await startTracing()
  const kafkajs = require('kafkajs')
  assert.equal((await import('kafkajs')).Kafka, kafkajs.Kafka)
  const { headers, span } = await sendAndHandle(kafkajs, tracer)
  assert.equal(span.context().toTraceId(), String(headers['x-datadog-trace-id']))

  const end = Date.now() + 20_000
  const isThere = () =>
    ['kafka.produce', 'kafka.consume', 'shop-kafka'].every((text) => agent.received().includes(text))
  while (!isThere() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(isThere(), JSON.stringify(agent.received()))
  agent.close()
})
