import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs'
import { startEmulator } from 'kafkajs/emulator'

async function main() {
  const emulator = await startEmulator()
  const config = { ...emulator.kafkaConfig({ clientId: 'bundled' }), logLevel: logLevel.NOTHING }
  for (const transport of ['amqp', 'websockets']) {
    const kafka = new Kafka({ ...config, eventHubs: { ...config.eventHubs, transport } })
    const admin = kafka.admin()
    await admin.createTopics({ topics: [{ topic: transport, numPartitions: 1 }] })
    await admin.disconnect()
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({
      topic: transport,
      compression: CompressionTypes.GZIP,
      messages: [{ value: `over ${transport}` }],
    })
    await producer.disconnect()
    const consumer = kafka.consumer({ groupId: 'bundled' })
    await consumer.subscribe({ topic: transport, fromBeginning: true })
    const value = await new Promise((resolve) => {
      void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
    })
    console.log(value)
    await consumer.disconnect()
  }
  const management = { subscriptionId: 's', resourceGroupName: 'g', credential: { getToken: async () => null } }
  const admin = new Kafka({ ...config, eventHubs: { ...config.eventHubs, management } }).admin({
    retry: { retries: 0 },
  })
  const error = await admin.createTopics({ topics: [{ topic: 'arm' }] }).then(
    () => undefined,
    (reason) => reason,
  )
  console.log(/npm install @azure\/arm-eventhub/.test(error?.message) ? 'says what is missing' : error)
  await admin.disconnect()
  await emulator.close()
}
main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
