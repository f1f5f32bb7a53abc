import type { Logger } from '../types/index.js'
import type { Clock } from '../util/clock.js'
import { shareSuccess } from '../util/share.js'
import { partitionKey, type TopicPartition } from './leases.js'
import type { Session } from './session.js'

/** Keeps what a member holds its own, in the background and on demand. */
export interface Renewal {
  /** Begins to renew every third of the session time-out. */
  start(): void
  /** Stops that; the rest still works. */
  stop(): void
  /** Renews the member's place and every lease now; concurrent calls share one round. */
  renew(): Promise<void>
  /** Renews one lease now; those asked for at the same time share one write. */
  verify(topic: string, partition: number): Promise<void>
  /** Takes back the leases that have run out meanwhile and that nobody else has taken; the others are lost. */
  recover(): Promise<void>
}

export interface RenewalOptions {
  readonly session: () => Session
  readonly groupId: string
  /** ms */
  readonly sessionTimeout: number
  /** Runs what touches the session in turn. */
  readonly serial: <T>(operation: () => Promise<T>) => Promise<T>
  readonly onLost: (partitions: readonly TopicPartition[]) => void
  /** Leases have run out that could not be renewed: others may take them. */
  readonly onExpired: (partitions: readonly TopicPartition[]) => void
  /** The group is to be looked at. */
  readonly onChange: () => void
  readonly logger: Logger
  readonly clock: Clock
}

export function createRenewal(options: RenewalOptions): Renewal {
  const { session, groupId, sessionTimeout, serial, onLost, onExpired, onChange, logger, clock } = options
  let cancel = () => {}
  let stopped = false
  /** Leases to be made sure of in the round that waits for its turn. */
  let asked: Map<string, TopicPartition> | undefined
  let verification: Promise<void> = Promise.resolve()

  const renewLeases = async (only?: readonly TopicPartition[]) => {
    const lost = await session().leases.renew(only)
    if (lost.length === 0) return
    onLost(lost)
    onChange()
  }

  const renewAll = async () => {
    const present = await session().signOfLife()
    await renewLeases()
    if (!present) onChange()
  }

  /** They may have been taken, and the store does not tell. */
  const dropExpired = () => {
    const { leases } = session()
    const expired = leases.held().filter(({ topic, partition }) => !leases.holds(topic, partition))
    for (const { topic, partition } of expired) leases.drop(topic, partition)
    if (expired.length > 0) onExpired(expired)
  }

  const schedule = (delay: number) => {
    if (stopped) return
    cancel = clock.after(delay, () => {
      serial(renewAll).then(
        () => schedule(sessionTimeout / 3),
        (error: Error) => {
          logger.warn(`Could not renew the member's leases, trying again: ${error.message}`, { groupId })
          dropExpired()
          schedule(Math.min(1000, sessionTimeout / 10))
        },
      )
    })
  }

  const renew = shareSuccess(() => serial(renewAll).finally(() => renew.reset()))

  return {
    start: () => schedule(sessionTimeout / 3),
    stop() {
      stopped = true
      cancel()
    },
    renew,
    async recover() {
      const { leases } = session()
      const expired = leases.held().filter(({ topic, partition }) => !leases.holds(topic, partition))
      await renewLeases(expired)
    },

    verify(topic, partition) {
      if (!asked) {
        const list = new Map<string, TopicPartition>()
        asked = list
        verification = serial(() => {
          asked = undefined
          return renewLeases([...list.values()])
        })
      }
      asked.set(partitionKey(topic, partition), { topic, partition })
      return verification
    },
  }
}
