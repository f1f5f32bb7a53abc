import type { Emulator } from '../../src/emulator/index.js'
import type { Member } from '../support/members.js'
import type { SoakStore } from './stores.js'

/** What trouble is made of. */
export interface Stage {
  readonly emulator: Emulator
  readonly store: SoakStore
  readonly topic: string
  readonly partitions: number
  readonly sessionTimeout: number
  /** Those that live and were not told to leave. */
  members(): readonly Member[]
  /** Kills one, and has another take its place. */
  replace(member: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Takes in what happened, and to whom, to look up what led to a failure. */
export type Journal = (who: string, what: string) => void

/** Numbers between 0 and 1, the same for the same seed. */
export type Random = () => number

/** mulberry32: small, and good enough to choose faults by. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const conditions = [
  'amqp:link:detach-forced',
  'amqp:internal-error',
  'amqp:resource-limit-exceeded',
  'com.microsoft:server-busy',
  'com.microsoft:timeout',
]

/** One fault: does what it does, waits as long as it lasts, and is over when it resolves. */
type Trouble = (stage: Stage, random: Random) => Promise<unknown>

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)] as T
const partitionOf = ({ topic, partitions }: Stage, random: Random) => ({
  hub: topic,
  partition: Math.floor(random() * partitions),
})

async function lasting(end: () => void, ms: number): Promise<void> {
  await wait(ms)
  end()
}

/** Every kind of trouble, by name. */
export const troubles: Readonly<Record<string, Trouble>> = {
  'connections drop': ({ emulator }) => emulator.faults.dropConnections(),
  'links are detached': ({ emulator }, random) => emulator.faults.detachLinks({ condition: pick(conditions, random) }),
  'attaching is refused': ({ emulator }, random) => {
    const fault = emulator.faults.refuseAttach({ condition: pick(conditions, random), times: 3 })
    return lasting(() => fault.clear(), 3000)
  },
  'the service is busy': ({ emulator }) => {
    const fault = emulator.faults.throttle({ forMs: 2000 })
    return lasting(() => fault.clear(), 2000)
  },
  'acknowledgements are late': ({ emulator }) => {
    const fault = emulator.faults.delayDispositions({ ms: 500, times: 20 })
    return lasting(() => fault.clear(), 2000)
  },
  'acknowledgements are lost': ({ emulator }, random) => {
    const effect = pick(['connection', 'link'] as const, random)
    const fault = emulator.faults.loseDispositions({ times: 3, effect })
    return lasting(() => fault.clear(), 2000)
  },
  'tokens expire': ({ emulator }) => emulator.faults.expireTokens(),
  'a partition is frozen': (stage, random) =>
    lasting(stage.emulator.faults.freeze(partitionOf(stage, random)), 1000 + random() * 3000),
  'another reader takes a partition': (stage, random) =>
    lasting(stage.emulator.faults.stealEpoch(partitionOf(stage, random)), 1000 + random() * 3000),

  'the emulator restarts with its data': ({ emulator }) => emulator.restart(),
  'a member is killed': (stage, random) => stage.replace(pick(stage.members(), random), 'SIGKILL'),
  'a member is deployed anew': (stage, random) => stage.replace(pick(stage.members(), random), 'SIGTERM'),
  'a member is frozen': async (stage, random) => {
    const member = pick(stage.members(), random)
    member.kill('SIGSTOP')
    await wait(stage.sessionTimeout * (0.5 + random()))
    member.kill('SIGCONT')
  },
  'the store is away': async ({ store }, random) => {
    await store.goAway()
    await wait(1000 + random() * 4000)
    await store.comeBack()
  },
  'the store is busy': async ({ store }, random) => store.refuse(1 + Math.floor(random() * 6)),
}

/**
 * Makes trouble until it is told to stop, one fault after the other and now and then two at once, each `pause` ms
 * after the one before. Resolves with how often each was made, when the last is over.
 */
export async function makeTrouble(
  stage: Stage,
  options: { seed: number; pause: number; signal: AbortSignal; only?: readonly string[]; journal?: Journal },
): Promise<Readonly<Record<string, number>>> {
  const random = seededRandom(options.seed)
  const names = options.only ?? Object.keys(troubles)
  const made: Record<string, number> = {}
  let left: string[] = []
  const next = () => {
    // Each kind in turn, in an order of chance: a short run, too, meets most of them.
    if (left.length === 0) left = [...names].sort(() => random() - 0.5)
    return left.pop() as string
  }
  while (!options.signal.aborted) {
    const now = random() < 0.25 ? new Set([next(), next()]) : new Set([next()])
    // Only one at a time may take the store or the emulator away.
    await Promise.all(
      [...now].map(async (name) => {
        made[name] = (made[name] ?? 0) + 1
        options.journal?.('trouble', `${name} begins`)
        await troubles[name]?.(stage, random)
        options.journal?.('trouble', `${name} is over`)
      }),
    )
    await wait(options.pause * (0.5 + random()))
  }
  return made
}
