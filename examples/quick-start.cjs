// A kafkajs program in CommonJS; only the first line differs.
//
//     node examples/quick-start.cjs
//
// It starts an emulator of its own, unless EVENTHUBS_CONNECTION_STRING names a namespace with an event hub `greetings`; then
// KAFKAJS_EVENTHUBS_CHECKPOINT_STORE must name a store, for example `file:./offsets`.
const { Kafka, logLevel } = require('kafkajs-eventhubs') // was: require('kafkajs')
const { startEmulator } = require('kafkajs-eventhubs/emulator')

async function main() {
  const emulator = process.env.EVENTHUBS_CONNECTION_STRING ? undefined : await startEmulator()
  const kafka = new Kafka({
    clientId: 'quick-start',
    logLevel: logLevel.ERROR,
    eventHubs: { connectionString: process.env.EVENTHUBS_CONNECTION_STRING ?? emulator.connectionString },
  })

  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'greetings', messages: [{ key: 'en', value: 'hello' }] })
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'greetings', fromBeginning: true })
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        console.log(`${topic}[${partition}] ${message.key}: ${message.value}`)
        resolve()
      },
    })
  })
  await consumer.disconnect()
  await emulator?.close()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
