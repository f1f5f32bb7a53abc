/** Sends a message and reads it back, as a program does. */
exports.roundTrip = async function roundTrip(kafka, topic = 'orders') {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ key: 'k', value: 'hello' }] })
  const consumer = kafka.consumer({ groupId: 'jest' })
  await consumer.subscribe({ topic, fromBeginning: true })
  const value = await new Promise((resolve) => {
    void consumer.run({ eachMessage: async ({ message }) => resolve(String(message.value)) })
  })
  await consumer.disconnect()
  await producer.disconnect()
  return value
}
