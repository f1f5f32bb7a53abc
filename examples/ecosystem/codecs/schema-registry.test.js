const assert = require('node:assert/strict')
const { createServer } = require('node:http')
const { test } = require('node:test')
const { SchemaRegistry, SchemaType } = require('@kafkajs/confluent-schema-registry')
const { Kafka, logLevel, Partitioners } = require('kafkajs')
const { startEmulator } = require('kafkajs/emulator')
const { readOne } = require('./read.js')

/** As much of a schema registry as registering one schema and looking it up takes. */
async function startRegistry() {
  const schemas = []
  const server = createServer(async (request, response) => {
    const reply = (status, body) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const byId = /^\/schemas\/ids\/(\d+)$/.exec(request.url)
    if (byId) return reply(200, { schema: schemas[Number(byId[1]) - 1] })
    if (request.method === 'POST' && /\/versions$/.test(request.url)) {
      return reply(200, { id: schemas.push(JSON.parse(Buffer.concat(chunks)).schema) })
    }
    if (request.method === 'GET' && /^\/config/.test(request.url)) return reply(200, { compatibilityLevel: 'BACKWARD' })
    return reply(404, { error_code: 40401, message: 'not found' })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { host: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

test('Avro, by way of a schema registry', async () => {
  const server = await startRegistry()
  const registry = new SchemaRegistry({ host: server.host })
  const schema = JSON.stringify({
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [{ name: 'item', type: 'string' }],
  })
  const { id } = await registry.register({ type: SchemaType.AVRO, schema })
  const emulator = await startEmulator()
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'avro' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ value: await registry.encode(id, { item: 'espresso' }) }] })
  await producer.disconnect()
  const { value } = await readOne(kafka, 'orders')
  assert.equal((await registry.decode(value)).item, 'espresso')
  await emulator.close()
  server.close()
})
