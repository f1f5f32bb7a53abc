import { Partitioners } from 'kafkajs-eventhubs'
import type { Bench } from './emulator.js'
import { isQuick } from './measure.js'

const counts = isQuick ? [1, 100] : [1, 10, 100, 300]
const MIB = 1024 * 1024

/** One consumer of many topics of a partition each: connections, time to a message of each, memory, CPU when idle. */
export async function topics(bench: Bench): Promise<void> {
  console.log('\ntopics: one consumer, a partition each')
  for (const count of counts) {
    const names: string[] = []
    for (let i = 0; i < count; i++) names.push(await bench.createEventHub({ partitionCount: 1 }))
    const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.sendBatch({ topicMessages: names.map((topic) => ({ topic, messages: [{ value: 'x' }] })) })
    const sending = await bench.connections()
    await producer.disconnect()

    global.gc?.()
    const before = process.memoryUsage().rss
    const consumer = bench.kafka.consumer({ groupId: `topics-${count}-${process.pid}` })
    const seen = new Set<string>()
    await consumer.subscribe({ topics: names, fromBeginning: true })
    const begun = performance.now()
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ topic }: { topic: string }) => {
        if (seen.add(topic).size === count) resolve()
      }
      consumer.run({ partitionsConsumedConcurrently: 10, eachMessage }).catch(reject)
    })
    const elapsed = performance.now() - begun
    const reading = await bench.connections()
    const memory = process.memoryUsage().rss - before
    const cpu = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const idle = process.cpuUsage(cpu)
    console.log(
      `  ${String(count).padStart(4)} topics  ${(elapsed / 1000).toFixed(1).padStart(6)} s to a message of each  ` +
        `${String(reading).padStart(3)} connections (${sending} of the producer)  ` +
        `${(memory / MIB).toFixed(0).padStart(4)} MiB  ${((idle.user + idle.system) / 30_000).toFixed(1).padStart(5)} % CPU when idle`,
    )
    await consumer.disconnect()
  }
}
