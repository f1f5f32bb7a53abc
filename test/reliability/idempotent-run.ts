import { setTimeout as sleep } from 'node:timers/promises'
import { type EmulatorFaults, startEmulator } from '../../src/emulator/index.js'
import { createRandom } from '../../src/emulator/random.js'
import { Kafka } from '../../src/index.js'

type Random = (below: number) => number

/** What may go wrong, each for a moment. */
export const troubles = {
  drop: (faults) => void faults.dropConnections(),
  detach: (faults, hub, random) =>
    void faults.detachLinks({
      hub,
      condition: ['amqp:link:detach-forced', 'com.microsoft:server-busy', 'amqp:internal-error'][random(3)] as string,
    }),
  refuse: (faults, hub, random) =>
    faults.refuseAttach({ hub, condition: 'com.microsoft:server-busy', times: 1 + random(3) }),
  throttle: (faults, hub, random) => faults.throttle({ hub, forMs: 20 + random(60) }),
  delay: (faults, hub, random) => faults.delayDispositions({ hub, ms: 20 + random(100), times: 1 + random(3) }),
  'lose with the connection': (faults, hub) => faults.loseDispositions({ hub, times: 1, effect: 'connection' }),
  'lose with the link': (faults, hub, random) => faults.loseDispositions({ hub, times: 1 + random(2), effect: 'link' }),
  lose: (faults, hub) => faults.loseDispositions({ hub, times: 1, effect: 'nothing' }),
  expire: (faults) => void faults.expireTokens(),
  freeze: (faults, hub, random) => {
    setTimeout(faults.freeze({ hub, partition: random(partitions) }), 20 + random(150))
  },
} satisfies Record<string, (faults: EmulatorFaults, hub: string, random: Random) => unknown>

export type Trouble = keyof typeof troubles

/** Each trouble alone, and all pairs of them. */
export const combinations: readonly (readonly Trouble[])[] = (Object.keys(troubles) as Trouble[]).flatMap(
  (one, index, all) => [[one], ...all.slice(index + 1).map((other) => [one, other])],
)

const partitions = 2
const topics = ['a', 'b'] as const
const rounds = 12
const sendsPerRound = 3

/** What came of one run. */
export interface RunResult {
  readonly combination: string
  readonly seed: number
  /** What is wrong; empty when all is well. */
  readonly faults: readonly string[]
  /** How long `disconnect()` took, ms. */
  readonly disconnecting: number
}

/** Sends with an idempotent producer while these troubles strike, and looks at what is stored. */
export async function run(combination: readonly Trouble[], seed: number): Promise<RunResult> {
  const next = createRandom(seed)
  const random: Random = (below) => Math.floor(next() * below)
  const emulator = await startEmulator({ eventHubs: topics.map((name) => ({ name, partitionCount: partitions })) })
  const retry = { initialRetryTime: 10, maxRetryTime: 60, retries: 200 }
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'once' }), logLevel: 0, retry, requestTimeout: 600 })
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()

  const wrong: string[] = []
  const sent = new Map<string, string[]>()
  const sends: Promise<unknown>[] = []
  let settled = 0
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < sendsPerRound; n++) {
      const topic = topics[random(topics.length)] as string
      const partition = random(partitions)
      const values = Array.from({ length: 1 + random(3) }, (_, index) => `${round}.${n}.${index}`)
      const place = `${topic}/${partition}`
      sent.set(place, [...(sent.get(place) ?? []), ...values])
      const messages = values.map((value) => ({ value, partition }))
      const sending = producer.send({ topic, messages }).then(
        () => undefined,
        (error: Error) => wrong.push(`a send failed: ${error.name} ${error.message}`),
      )
      sends.push(sending.finally(() => settled++))
    }
    if (random(2)) {
      const trouble = troubles[combination[random(combination.length)] as Trouble]
      trouble(emulator.faults, topics[random(topics.length)] as string, random)
    }
    if (random(3)) await sleep(random(30))
    else await Promise.all(sends)
  }
  emulator.faults.clear()
  await Promise.race([Promise.all(sends), sleep(30_000, undefined, { ref: false })])
  if (settled < sends.length) wrong.push(`${sends.length - settled} sends were not settled`)
  const begun = performance.now()
  await producer.disconnect()
  const disconnecting = performance.now() - begun
  for (const topic of topics) {
    for (const { id, events } of emulator.eventHubs.get(topic)?.partitions ?? []) {
      const stored = events().map(({ body }) => String(body))
      const wanted = sent.get(`${topic}/${id}`) ?? []
      if (stored.join() !== wanted.join()) wrong.push(`${topic}/${id}: sent ${wanted.join()}, stored ${stored.join()}`)
    }
  }
  await emulator.close()
  return { combination: combination.join(' and '), seed, faults: wrong, disconnecting }
}
