import { Kafka, Partitioners } from '../../src/index.js'
import { commands, report } from '../support/program.js'

/** What a producing program is told, as JSON in the environment variable `PRODUCER`. */
export interface ProducerOptions {
  readonly connectionString: string
  readonly topic: string
  readonly partitions: number
  /** Begins every value, so that values of several producers differ. */
  readonly name: string
  readonly idempotent: boolean
  /** Between two sends, ms. */
  readonly pause: number
  /** Messages to each partition in a send. */
  readonly perPartition: number
}

export type ProducerLine =
  | { readonly type: 'ready' }
  /** These are about to be sent. */
  | { readonly type: 'sending'; readonly values: readonly string[] }
  /** What became of them. */
  | { readonly type: 'stored' | 'failed'; readonly values: readonly string[]; readonly reason?: string }
  | { readonly type: 'stopped' }

/** Sends to every partition, one round after the other, until it is told to stop. A failed round is told, not sent again. */
async function runProducer(options: ProducerOptions): Promise<void> {
  const { connectionString, topic, partitions, name, idempotent, pause, perPartition } = options
  const kafka = new Kafka({ clientId: name, logLevel: 1, eventHubs: { connectionString } })
  const producer = kafka.producer({
    idempotent,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 2000 },
  })
  await producer.connect()
  report({ type: 'ready' })
  let isStopped = false

  const produce = async () => {
    for (let round = 0; !isStopped; round++) {
      const messages = Array.from({ length: partitions * perPartition }, (_, i) => ({
        partition: i % partitions,
        value: `${name}/${i % partitions}/${round}/${Math.floor(i / partitions)}`,
      }))
      const values = messages.map(({ value }) => value)
      report({ type: 'sending', values })
      await producer.send({ topic, messages }).then(
        () => report({ type: 'stored', values }),
        (error: Error) => report({ type: 'failed', values, reason: error.message }),
      )
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  const producing = produce()
  const stop = async () => {
    isStopped = true
    await producing
    report({ type: 'stopped' })
    await producer.disconnect()
    process.exit(0)
  }
  process.once('SIGTERM', stop)
  for await (const _ of commands()) break
  await stop()
}

const given = process.env['PRODUCER']
if (given) await runProducer(JSON.parse(given) as ProducerOptions)
