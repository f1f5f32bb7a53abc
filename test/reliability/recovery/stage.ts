import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs-eventhubs'
import { type Emulator, startEmulator } from '../../../src/emulator/index.js'
import { Accounting } from '../../support/accounting.js'
import { startAzurite } from '../../support/azurite.js'
import { eventually } from '../../support/eventually.js'
import { type Member, type MemberOptions, monotonicNow, startMember } from '../../support/members.js'

/** What recovery times are multiples of, ms. */
export interface Timings {
  readonly sessionTimeout: number
  readonly heartbeatInterval: number
}

/** The longest wait between two attempts of what is tried again, ms: members and the producer have the same. */
export const MAX_RETRY_TIME = 1000

export interface StageOptions {
  readonly timings: Timings
  readonly partitions: number
  readonly members: number
  readonly member?: Partial<MemberOptions>
  /** Default: files. */
  readonly store?: 'file' | 'blob'
}

/** What the members of a group handled, while messages keep coming to every partition. */
export interface RecoveryStage extends AsyncDisposable {
  readonly emulator: Emulator
  readonly timings: Timings
  readonly members: readonly Member[]
  /** Takes the store away, or brings it back; of blobs only. */
  readonly storage: { stop(): Promise<void>; start(): Promise<void> } | undefined
  /** Starts one more member. */
  add(): Member
  /** Resolves when each of these members has an equal share, to a partition, and nothing but that. */
  settled(members: readonly Member[]): Promise<void>
  /** ms from a moment until of every partition a message was handled that was sent after it. */
  recovered(since: number, timeout?: number): Promise<number>
  /** Of each partition the longest time, ms, in which nothing of it was handled, from a moment on. */
  pauses(since: number): number[]
  /** How often a partition went to another member from a moment on. */
  moves(since: number): number
  /** Stops producing, waits until all is handled, and tells what was not as promised. */
  finish(): Promise<string[]>
}

const TOPIC = 'orders'
const GROUP = 'recovering'

interface Sighting {
  readonly at: number
  readonly sentAt: number
  readonly member: string
}

export async function openStage(options: StageOptions): Promise<RecoveryStage> {
  const { timings, partitions } = options
  const toDispose: AsyncDisposable[] = []
  const use = <T extends AsyncDisposable>(resource: T): T => {
    toDispose.unshift(resource)
    return resource
  }
  const emulator = use(await startEmulator({ eventHubs: [{ name: TOPIC, partitionCount: partitions }] }))
  const azurite = options.store === 'blob' ? use(await startAzurite()) : undefined
  const store = azurite?.containerUrl('checkpoints') ?? `file:${use(await temporaryDirectory()).path}`
  const accounting = new Accounting()
  const seen = new Map<number, Sighting[]>()
  for (let partition = 0; partition < partitions; partition++) seen.set(partition, [])
  const production = use(await startProduction(emulator, partitions, accounting))

  const members: Member[] = []
  const add = () => {
    const name = `member-${members.length}`
    const member = use(
      startMember({
        connectionString: emulator.connectionString,
        store,
        groupId: GROUP,
        topics: [TOPIC],
        clientId: name,
        consumer: { ...timings, maxWaitTimeInMs: 200 },
        run: { partitionsConsumedConcurrently: partitions },
        logLevel: logLevel.NOTHING,
        ...options.member,
      }),
    )
    accounting.follow(member, name)
    member.onLine((line) => {
      if (line.type !== 'message') return
      seen.get(line.partition)?.push({ at: line.at, sentAt: Number(line.value?.split('/').at(-1)), member: name })
    })
    members.push(member)
    return member
  }
  for (let i = 0; i < options.members; i++) add()

  /** Sightings from a moment on, in the order of the machine's clock. */
  const since = (moment: number) =>
    [...seen.values()].map((all) => all.filter(({ at }) => at >= moment).sort((a, b) => a.at - b.at))

  const stage: RecoveryStage = {
    emulator,
    timings,
    members,
    storage: azurite,
    add,
    async settled(group) {
      await eventually(() => group.every((member) => isFair(shareOf(member), partitions / group.length)), {
        timeout: 60_000,
      })
    },
    async recovered(moment, timeout = 60_000) {
      const firsts = await eventually(
        () => {
          const found = [...seen.values()].map((all) => all.find(({ sentAt }) => sentAt >= moment))
          return found.every((one) => one !== undefined) && found
        },
        { timeout },
      )
      return (Math.max(...firsts.map((one) => one?.at ?? 0)) - moment) / 1000
    },
    pauses: (moment) =>
      since(moment).map((all) => Math.max(0, ...all.slice(1).map((one, i) => one.at - (all[i]?.at ?? 0))) / 1000),
    moves: (moment) =>
      since(moment).flatMap((all) => all.filter((one, i) => i > 0 && one.member !== all[i - 1]?.member)).length,
    async finish() {
      await production.stop()
      await eventually(() => accounting.isComplete, { timeout: 30_000 }).catch(() => undefined)
      const { missing, outOfOrder } = accounting.close()
      return [...missing.map((value) => `${value} is missing`), ...outOfOrder]
    },
    async [Symbol.asyncDispose]() {
      for (const resource of toDispose) await resource[Symbol.asyncDispose]()
    },
  }
  await stage.settled(members)
  return stage
}

const shareOf = (member: Member): number => {
  const line = member.lines.findLast(({ type }) => type === 'joined' || type === 'rebalancing')
  return line?.type === 'joined' ? Object.values(line.assignment).flat().length : 0
}

const isFair = (share: number, fair: number) => share === Math.floor(fair) || share === Math.ceil(fair)

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'recovery-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Sends to every partition all the while, whatever happens; each value ends with the moment it was sent at. */
async function startProduction(emulator: Emulator, partitions: number, accounting: Accounting) {
  const retry = { initialRetryTime: 100, maxRetryTime: MAX_RETRY_TIME, retries: 1000 }
  const kafka = new Kafka({ ...emulator.kafkaConfig({ clientId: 'production' }), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry })
  await producer.connect()
  let isStopped = false
  const produce = async () => {
    for (let round = 0; !isStopped; round++) {
      const messages = Array.from({ length: partitions }, (_, partition) => ({
        partition,
        value: `${partition}/${round}/${monotonicNow()}`,
      }))
      await producer.send({ topic: TOPIC, messages })
      for (const { value } of messages) accounting.produced(value)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const running = produce()
  // Told by stop().
  running.catch(() => undefined)
  const stop = async () => {
    isStopped = true
    await running
  }
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => undefined)
      await producer.disconnect()
    },
  }
}
