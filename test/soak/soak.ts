import { checkpointStoreFromString } from '../../src/checkpoint/from-string.js'
import { type Emulator, startEmulator } from '../../src/emulator/index.js'
import { Accounting, watchCommits } from '../support/accounting.js'
import { eventually } from '../support/eventually.js'
import { type Member, startMember } from '../support/members.js'
import { scaled } from '../support/pace.js'
import { type ChildProgram, type ReportLine, startProgram } from '../support/processes.js'
import type { ProducerLine, ProducerOptions } from './producer.js'
import { openStore, type StoreKind } from './stores.js'
import { type Journal, makeTrouble, type Stage } from './trouble.js'

export interface SoakOptions {
  /** How long trouble is made, ms. */
  readonly duration: number
  readonly seed: number
  readonly store: StoreKind
  readonly members: number
  readonly partitions?: number
  /** Between two faults, ms, on the average. */
  readonly pause?: number
  /** Between two lines of progress, ms. */
  readonly every?: number
  /** Names of the faults to make; all by default. */
  readonly only?: readonly string[]
  print(line: string): void
  /** Told all that happens: each fault, each line and log entry of a member. */
  readonly journal?: Journal
}

export interface Verdict {
  /** What was not as promised; empty: all was. */
  readonly failures: readonly string[]
  readonly produced: number
  readonly handled: number
  readonly duplicates: number
  readonly faults: Readonly<Record<string, number>>
}

const TOPIC = 'soak'
const GROUP = 'soakers'
/** A member or producer that is told to end has done so by then. */
const END_WITHIN_MS = 5000

/** What became of everything that was sent. */
interface Sent {
  /** Acknowledged. */
  readonly stored: Set<string>
  /** Told as failed, or cut off: may be there or not. */
  readonly open: Set<string>
}

/** A run: producers, a group in processes of its own, trouble for a while, then the books. */
export async function soak(options: SoakOptions): Promise<Verdict> {
  const { print, partitions = 8, every = 60_000, pause = 2000, journal } = options
  const sessionTimeout = Math.round(scaled(6000))
  await using cleanup = createCleanup()
  const emulator = cleanup.use(await startEmulator({ eventHubs: [{ name: TOPIC, partitionCount: partitions }] }))
  const store = cleanup.use(await openStore(options.store))
  const accounting = new Accounting()
  const failures: string[] = []
  const sent: Sent = { stored: new Set(), open: new Set() }
  const producers = [false, true].map((idempotent) => {
    const name = idempotent ? 'idempotent' : 'plain'
    const producer = startProducer(emulator, { name, idempotent, partitions })
    producer.onLine((line) => {
      if (line.type === 'failed') journal?.(name, JSON.stringify(line))
      book(line, sent, accounting)
    })
    return cleanup.use(producer)
  })

  const living = new Map<string, Member>()
  const all = new Map<string, Member>()
  const add = async () => {
    const name = `member-${all.size}`
    const log = journal && ((text: string) => journal(name, text.trimEnd()))
    const given = {
      connectionString: emulator.connectionString,
      store: store.text,
      ...(store.awayWhile && { awayWhile: store.awayWhile }),
      groupId: GROUP,
      topics: [TOPIC],
      clientId: name,
      consumer: { sessionTimeout, heartbeatInterval: 1000, maxWaitTimeInMs: 500 },
      run: { partitionsConsumedConcurrently: 4 },
      // Warnings, for the journal.
      logLevel: journal ? 2 : 0,
    }
    const member = startMember(given, { ...(log && { log }) })
    if (journal) member.onLine((line) => line.type !== 'started' && journal(name, JSON.stringify(line)))
    cleanup.use(member)
    all.set(name, member)
    living.set(name, member)
    accounting.follow(member, name)
  }
  for (let i = 0; i < options.members; i++) await add()
  await Promise.all([...living.values()].map((member) => member.joined()))

  const told = new Set<Member>()
  const stage: Stage = {
    emulator,
    store,
    topic: TOPIC,
    partitions,
    sessionTimeout,
    members: () => [...living.values()],
    async replace(member, signal) {
      for (const [name, one] of living) if (one === member) living.delete(name)
      told.add(member)
      journal?.([...all].find(([, one]) => one === member)?.[0] ?? '', signal)
      await add()
      if (signal === 'SIGKILL') member.kill('SIGKILL')
      else failures.push(...(await ends(member, 'a member')))
    },
  }
  const watch = cleanup.use(
    watchCommits({
      accounting,
      store: checkpointStoreFromString(store.direct),
      namespace: `localhost:${emulator.port}`,
      groupId: GROUP,
      topics: [TOPIC],
      interval: 500,
    }),
  )

  const over = AbortSignal.timeout(options.duration)
  const progress = setInterval(() => print(progressLine()), every)
  // What it is to tell is asked for a moment before.
  const asking = setInterval(() => {
    for (const member of living.values()) member.order({ do: 'tell what is held' })
  }, every / 10)
  const begun = Date.now()
  let before = 0
  function progressLine(): string {
    const handled = accounting.handledCount
    const lines = [...all.values()].flatMap((member) => member.lines)
    const count = (type: string) => lines.filter((line) => line.type === type).length
    const held = [...living.values()].map((member) => member.lines.findLast((line) => line.type === 'held'))
    const most = (field: 'heap' | 'resources' | 'sockets') =>
      Math.max(0, ...held.map((line) => (line?.type === 'held' ? line[field] : 0)))
    const rate = Math.round(((handled - before) * 1000) / every)
    before = handled
    return [
      `${Math.round((Date.now() - begun) / 1000)} s`,
      `${rate}/s`,
      `lag ${accounting.producedCount - handled}`,
      `duplicates ${accounting.duplicates}`,
      `rebalances ${count('rebalancing')}`,
      `crashes ${count('crashed')}`,
      `heap ${Math.round(most('heap') / 1_048_576)} MiB`,
      `handles ${most('resources')}`,
      `sockets ${most('sockets')}`,
    ].join(' · ')
  }

  const faults = await makeTrouble(stage, {
    seed: options.seed,
    pause,
    signal: over,
    ...(options.only && { only: options.only }),
    ...(journal && { journal }),
  })
  clearInterval(progress)
  clearInterval(asking)
  emulator.faults.clear()
  for (const producer of producers) failures.push(...(await ends(producer, 'a producer', 60_000)))
  for (const value of sent.open) accounting.mayBeHandled(value)

  await eventually(() => accounting.isComplete, { timeout: 60_000 }).catch(() =>
    failures.push('the backlog was not drained within 60 s'),
  )
  print(progressLine())
  for (const [name, member] of all) {
    const crash = member.lines.find((line) => line.type === 'crashed' && !line.restart)
    if (crash?.type === 'crashed') failures.push(`${name} crashed for good: ${crash.message}`)
    if (told.has(member)) continue
    failures.push(...(await ends(member, name)))
  }
  await watch.look()

  const accounts = accounting.close()
  const list = (what: string, items: readonly string[]) =>
    items.length > 0 && failures.push(`${what}: ${items.length}, e.g. ${items.slice(0, 3).join(', ')}`)
  list('acknowledged and never handled', accounts.missing)
  list('handled and never sent', accounts.unknown)
  list('out of order', accounts.outOfOrder)
  list('commits that went backwards', accounts.backwards)
  list('commits beyond what was handled', beyondHandled(accounting, emulator, partitions))
  list('idempotent messages stored more than once', storedTwice(emulator))
  return { failures, produced: sent.stored.size, handled: accounts.handled, duplicates: accounts.duplicates, faults }
}

/** Disposes of what it was given, the last first. */
function createCleanup() {
  const resources: AsyncDisposable[] = []
  return {
    use<T extends AsyncDisposable>(resource: T): T {
      resources.unshift(resource)
      return resource
    },
    async [Symbol.asyncDispose]() {
      for (const resource of resources) await resource[Symbol.asyncDispose]()
    },
  }
}

function startProducer(
  emulator: Emulator,
  options: Pick<ProducerOptions, 'name' | 'idempotent' | 'partitions'>,
): ChildProgram<ProducerLine> {
  const given: ProducerOptions = {
    ...options,
    connectionString: emulator.connectionString,
    topic: TOPIC,
    pause: 100,
    perPartition: 2,
  }
  return startProgram<ProducerLine>(new URL('producer.ts', import.meta.url), {
    env: { PRODUCER: JSON.stringify(given) },
  })
}

function book(line: ProducerLine, sent: Sent, accounting: Accounting): void {
  if (line.type === 'sending') for (const value of line.values) sent.open.add(value)
  if (line.type !== 'stored') return
  for (const value of line.values) {
    sent.open.delete(value)
    sent.stored.add(value)
    accounting.produced(value)
  }
}

type AnyProgram = Pick<ChildProgram<ReportLine>, 'ended' | 'kill' | 'waitFor'>

/** Tells a program to end, and what went wrong with that. */
async function ends(program: AnyProgram, name: string, within = END_WITHIN_MS): Promise<string[]> {
  program.kill('SIGCONT')
  // One that has not begun yet can't end in order: it does not listen to signals.
  await program.waitFor(() => true).catch(() => undefined)
  const wasGone = await Promise.race([program.ended, Promise.resolve(undefined)])
  if (wasGone) return [`${name} had ended by itself (${wasGone.signal ?? wasGone.code})`]
  program.kill('SIGTERM')
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), scaled(within))
  })
  const end = await Promise.race([program.ended, late])
  clearTimeout(timer)
  if (!end) return [`${name} did not end within ${within} ms of SIGTERM`]
  return end.code === 0 ? [] : [`${name} ended with ${end.signal ?? end.code}`]
}

function beyondHandled(accounting: Accounting, emulator: Emulator, partitions: number): string[] {
  const found: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const committed = accounting.lastCommitted(TOPIC, partition) ?? 0
    const last = emulator.eventHubs.get(TOPIC)?.partitions[partition]?.lastEnqueuedSequenceNumber ?? -1
    const handled = accounting.lastHandled(TOPIC, partition) ?? -1
    if (committed > handled + 1) found.push(`partition ${partition}: ${committed}, handled ${handled} of ${last}`)
  }
  return found
}

function storedTwice(emulator: Emulator): string[] {
  const seen = new Set<string>()
  return (emulator.eventHubs.get(TOPIC)?.events() ?? [])
    .map(({ body }) => body.toString())
    .filter((value) => value.startsWith('idempotent/'))
    .filter((value) => seen.has(value) || !seen.add(value))
}
