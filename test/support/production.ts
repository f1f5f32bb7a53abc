import type { Producer } from '../../src/index.js'
import type { Accounting } from './accounting.js'

export interface Production extends AsyncDisposable {
  /** Stops, and waits until all that was begun is stored. Rejects when a send failed. */
  stop(): Promise<void>
}

/** Produces to every partition of every topic, one round after the other, until stopped; each message is unique. */
export function startProduction(options: {
  /** Connected. */
  readonly producer: Producer
  readonly accounting: Accounting
  readonly topics: readonly string[]
  readonly partitions: number
  /** Between two rounds, ms. */
  readonly pause?: number
  /** Messages for each partition in a round. */
  readonly perRound?: number
}): Production {
  const { producer, accounting, topics, partitions, pause = 50, perRound = 1 } = options
  let ended = false

  const produce = async () => {
    for (let round = 0; !ended; round++) {
      await producer.sendBatch({
        topicMessages: topics.map((topic) => ({
          topic,
          messages: Array.from({ length: partitions * perRound }, (_, i) => {
            const partition = i % partitions
            return { partition, value: `${topic}/${partition}/${round * perRound + Math.floor(i / partitions)}` }
          }),
        })),
      })
      for (const topic of topics) {
        for (let i = 0; i < partitions * perRound; i++) {
          accounting.produced(`${topic}/${i % partitions}/${round * perRound + Math.floor(i / partitions)}`)
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  const running = produce()
  // Told by stop(), whenever that is called.
  running.catch(() => undefined)

  const stop = () => {
    ended = true
    return running
  }
  return { stop, [Symbol.asyncDispose]: stop }
}
