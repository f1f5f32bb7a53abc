const { app } = require('@azure/functions')
const { Kafka, logLevel, Partitioners } = require('kafkajs')

/** One producer for all invocations of this instance: it connects with the first one. */
let connected
function connect() {
  connected ??= (async () => {
    const kafka = new Kafka({ clientId: 'functions', brokers: [process.env.BROKER], logLevel: logLevel.ERROR })
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    return producer
  })()
  return connected
}

exports.placeOrder = async function placeOrder(request, context) {
  const producer = await connect()
  await producer.send({ topic: 'orders', messages: [{ value: await request.text() }] })
  context.log('order placed')
  return { status: 202 }
}

exports.close = async () => (await connected)?.disconnect()

app.http('placeOrder', { methods: ['POST'], handler: exports.placeOrder })
