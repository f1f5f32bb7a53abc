/** The first message of a topic. */
exports.readOne = async function readOne(kafka, topic) {
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.subscribe({ topic, fromBeginning: true })
  const message = await new Promise((resolve) => {
    void consumer.run({ eachMessage: async ({ message }) => resolve(message) })
  })
  await consumer.disconnect()
  return message
}
