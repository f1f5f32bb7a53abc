import type { Emulator } from '../../../src/emulator/index.js'
import { type Member, monotonicNow } from '../../support/members.js'
import { joinAllAtOnce } from './many.js'
import { openStage, type RecoveryStage, type StageOptions, type Timings } from './stage.js'

/** A figure of one round. */
export interface Figures {
  /** ms. */
  readonly recovery: number
  /** Other figures that belong to it, by what they count. */
  readonly more?: Readonly<Record<string, number>>
}

/** Something a group has to recover from. */
export interface Situation {
  readonly name: string
  /** What is measured. */
  readonly until: string
  /** The settings it depends on, as the table says them. */
  readonly bound: string
  /** The longest it may take by that, ms, on a quiet machine. */
  limit(timings: Timings): number
  readonly rounds: number
  measure(timings: Timings): Promise<Figures>
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const AWAY_MS = 60_000
/** What attaching links, a look into the store and the like take, ms, beside what is set. */
const WORK_MS = 500

/** The longest that partitions of a silent member are not read, ms, on a quiet machine. */
export const silenceLimit = ({ sessionTimeout, heartbeatInterval }: Timings) =>
  sessionTimeout + 2 * heartbeatInterval + WORK_MS

/** The longest that a partition which changes hands is not read, ms, on a quiet machine. */
export const handoverLimit = ({ heartbeatInterval }: Timings) => 2 * heartbeatInterval + WORK_MS

/** Runs what a stage is made for, and makes sure that nothing got lost meanwhile. */
async function on<T>(options: StageOptions, act: (stage: RecoveryStage) => Promise<T>): Promise<T> {
  await using stage = await openStage(options)
  const result = await act(stage)
  const problems = await stage.finish()
  if (problems.length > 0) throw new Error(`Not as promised: ${problems.slice(0, 5).join('; ')}`)
  return result
}

const pair = (timings: Timings): StageOptions => ({ timings, partitions: 8, members: 2 })
const trio = (timings: Timings): StageOptions => ({ timings, partitions: 9, members: 3 })

/** A fault of a moment, at the service. */
const passing = (name: string, strike: (emulator: Emulator) => Promise<unknown>): Situation => ({
  name,
  until: 'of every partition a message is handled that was sent after it',
  bound: '2 × `retry.initialRetryTime`',
  limit: () => 600 + WORK_MS,
  rounds: 3,
  measure: (timings) =>
    on(pair(timings), async (stage) => {
      const since = monotonicNow()
      await strike(stage.emulator)
      return { recovery: await stage.recovered(since) }
    }),
})

/** The time from when a member falls silent until others read what it read. */
const silence = (
  name: string,
  fall: (member: Member, timings: Timings) => void,
  wake?: (member: Member) => void,
): Situation => ({
  name,
  until: 'of every partition a message is handled that was sent after it',
  bound: '`sessionTimeout` + 2 × `heartbeatInterval`',
  limit: silenceLimit,
  rounds: 3,
  measure: (timings) =>
    on(trio(timings), async (stage) => {
      const [member] = stage.members as [Member]
      const since = monotonicNow()
      fall(member, timings)
      const recovery = await stage.recovered(since)
      wake?.(member)
      return { recovery }
    }),
})

/** Tells one member after the other to end, and has another follow it when it has. */
export async function deployAnew(stage: RecoveryStage): Promise<Figures & { readonly more: Record<string, number> }> {
  const olds = [...stage.members]
  const since = monotonicNow()
  for (const old of olds) {
    old.kill('SIGTERM')
    await old.ended
    await stage.add().joined()
  }
  await stage.settled(stage.members.slice(olds.length))
  await stage.recovered(monotonicNow())
  const pauses = stage.pauses(since).sort((a, b) => a - b)
  return {
    recovery: pauses.at(-1) ?? 0,
    more: {
      'ms the median of the partitions’ longest pauses': pauses[Math.floor(pauses.length / 2)] ?? 0,
      'moves of partitions': stage.moves(since),
    },
  }
}

const deployment = (name: string, member: StageOptions['member']): Situation => ({
  name,
  until: 'the longest time in which nothing of a partition is handled',
  bound: '2 × `heartbeatInterval`',
  limit: handoverLimit,
  rounds: 1,
  measure: (timings) => on({ timings, partitions: 20, members: 10, ...(member && { member }) }, deployAnew),
})

const twoJoining: Situation = {
  name: 'two members join a group of two at once',
  until: 'each of the four reads its share, from the moment the first began to join',
  bound: '4 × `heartbeatInterval`',
  limit: ({ heartbeatInterval }) => 4 * heartbeatInterval + WORK_MS,
  rounds: 3,
  measure: (timings) =>
    on({ timings, partitions: 12, members: 2 }, async (stage) => {
      const since = monotonicNow()
      const added = [stage.add(), stage.add()]
      await stage.settled(stage.members)
      const starts = added.map(({ lines }) => lines.find((line) => line.type === 'starting'))
      const joins = stage.members.map(({ lines }) => lines.findLast((line) => line.type === 'joined'))
      const at = (line: unknown) => (line as { at: number }).at
      const recovery = (Math.max(...joins.map(at)) - Math.min(...starts.map(at))) / 1000
      await stage.recovered(monotonicNow())
      return { recovery, more: { 'ms the longest pause of a partition': Math.max(...stage.pauses(since)) } }
    }),
}

export const situations: readonly Situation[] = [
  passing('links are lost', ({ faults }) => faults.detachLinks({ condition: 'amqp:link:detach-forced' })),
  passing('connections are lost', ({ faults }) => faults.dropConnections()),
  passing('tokens expire', ({ faults }) => faults.expireTokens()),
  {
    name: 'the service is away for 1 minute',
    until: 'of every partition a message is handled that was sent after it came back',
    bound: '5 s between two attempts, at most',
    limit: () => 5000 + WORK_MS,
    rounds: 1,
    measure: (timings) =>
      on(pair(timings), async (stage) => {
        await stage.emulator.restart({ downMs: AWAY_MS })
        return { recovery: await stage.recovered(monotonicNow(), 2 * AWAY_MS) }
      }),
  },
  {
    name: 'the store is away for 1 minute',
    until: 'of every partition a message is handled that was sent after it came back',
    bound: '5 s between two attempts, at most',
    limit: () => 5000 + WORK_MS,
    rounds: 1,
    measure: (timings) =>
      on({ ...pair(timings), store: 'blob' }, async (stage) => {
        await stage.storage?.stop()
        await wait(AWAY_MS)
        await stage.storage?.start()
        return { recovery: await stage.recovered(monotonicNow(), 2 * AWAY_MS) }
      }),
  },
  silence('a member is killed (SIGKILL)', (member) => member.kill('SIGKILL')),
  silence(
    'a member is frozen (SIGSTOP)',
    (member) => member.kill('SIGSTOP'),
    (member) => member.kill('SIGCONT'),
  ),
  silence('a process is blocked for 3 × `sessionTimeout`', (member, { sessionTimeout }) =>
    member.order({ do: 'block', ms: 3 * sessionTimeout }),
  ),
  twoJoining,
  {
    name: '16 members begin at once with 256 partitions',
    until: 'a message of every partition is handled, from the first `run()`',
    bound: '4 × `heartbeatInterval`',
    limit: ({ heartbeatInterval }) => 4 * heartbeatInterval + WORK_MS,
    rounds: 3,
    measure: (timings) => joinAllAtOnce(timings, { members: 16, partitions: 256 }),
  },
  deployment('10 members are deployed anew, one after the other', undefined),
  deployment('the same with `PartitionAssigners.sticky`', { assigner: 'sticky' }),
]
