import { Kafka, logLevel, Partitioners } from 'kafkajs'

export const dynamic = 'force-dynamic'

let producer

export async function POST(request) {
  if (!producer) {
    const kafka = new Kafka({ clientId: 'next', brokers: [process.env.BROKER], logLevel: logLevel.ERROR })
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
  }
  await producer.send({ topic: 'orders', messages: [{ value: await request.text() }] })
  return new Response(undefined, { status: 202 })
}
