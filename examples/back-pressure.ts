/**
 * Back-pressure: what comes after the consumer is slow, so it pauses the partition and goes on when there is room again. A
 * paused partition keeps its lease and its position, and others are read on.
 *
 *     npx tsx examples/back-pressure.ts
 */
import { pathToFileURL } from 'node:url'
import { Kafka, logLevel } from 'kafkajs-eventhubs'
import { startEmulator } from 'kafkajs-eventhubs/emulator'

const ROOM = 10

/** Runs until all is written. Resolves with the most that ever waited, and how often it paused. */
export async function main(_connectionString?: string, print: (line: string) => void = console.log) {
  await using emulator = await startEmulator({ eventHubs: [{ name: 'lines', partitionCount: 1 }] })
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'writer' }), logLevel: logLevel.ERROR })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'lines', messages: Array.from({ length: 60 }, (_, i) => ({ value: `line ${i}` })) })

  const waiting: string[] = []
  let [written, most, pauses] = [0, 0, 0]
  let resume: (() => void) | undefined
  const consumer = kafka.consumer({ groupId: 'writers' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'lines', fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    // The slow side: a line every 2 ms.
    const writing = setInterval(() => {
      if (waiting.shift() !== undefined) written++
      if (waiting.length === 0) {
        resume?.()
        resume = undefined
      }
      if (written === 60) {
        clearInterval(writing)
        resolve()
      }
    }, 2)
    consumer
      .run({
        async eachMessage({ message, pause }) {
          waiting.push(String(message.value))
          most = Math.max(most, waiting.length)
          if (waiting.length < ROOM) return
          // This message is done; the next one comes when the partition is resumed.
          resume = pause()
          pauses++
          print(`paused at ${waiting.length}`)
        },
      })
      .catch(reject)
  })
  await consumer.disconnect()
  await producer.disconnect()
  return { most, pauses }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
