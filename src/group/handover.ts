import type { Logger } from '../types/index.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Leases, TopicPartition } from './leases.js'
import { partitionKey } from './leases.js'
import type { Session } from './session.js'

/** Gives partitions up one by one: first they are finished, then their leases are released. */
export interface Handover {
  /** Begins to give a partition up; nothing happens to one that is being given up already. */
  revoke(session: Session, partition: TopicPartition): void
  /** Resolves when nothing is read any more of what is being given up. Never rejects. */
  finished(): Promise<void>
  /** Resolves when the leases of what is finished have been released too, or could not be. Never rejects. */
  released(): Promise<void>
  /** The partitions that are still being finished. */
  unfinished(): TopicPartition[]
}

export interface HandoverOptions {
  readonly groupId: string
  /** Finishes the message at hand and commits. */
  onRevoked(partition: TopicPartition): Promise<void>
  /** A partition has been given up: the group is to be looked at. */
  readonly onReleased: () => void
  /** Runs what touches the session in turn. */
  readonly serial: <T>(operation: () => Promise<T>) => Promise<T>
  readonly logger: Logger
}

export function createHandover({ groupId, onRevoked, onReleased, serial, logger }: HandoverOptions): Handover {
  const finishing = new Map<Promise<void>, TopicPartition>()
  const releasings = new Set<Promise<void>>()
  /** Finished, and waiting for their turn with the session: one turn is for all, as each is a request to the store. */
  const due: { readonly leases: Leases; readonly tp: TopicPartition }[] = []

  const finish = async (tp: TopicPartition) => {
    try {
      await onRevoked(tp)
    } catch (error) {
      // Nothing reads it any more all the same; its next owner begins at what was committed before.
      const text = `Could not commit a partition that is handed over: ${(error as Error).message}`
      logger.error(text, { groupId, ...tp })
    }
  }

  const release = async ({ leases, tp }: (typeof due)[number]) => {
    try {
      await leases.release(tp.topic, tp.partition)
    } catch (error) {
      // The lease runs out by itself; the partition is read again then.
      logger.error(`Could not hand over a partition: ${(error as Error).message}`, { groupId, ...tp })
      leases.drop(tp.topic, tp.partition)
    }
  }

  const releaseInTurn = async ({ leases }: Session, tp: TopicPartition) => {
    due.push({ leases, tp })
    await serial(() => mapConcurrently(due.splice(0), release))
  }

  return {
    revoke(session, tp) {
      const key = partitionKey(tp.topic, tp.partition)
      if (session.revoking.has(key)) return
      const finished = finish(tp)
      finishing.set(finished, tp)
      const released = finished.then(() => {
        finishing.delete(finished)
        const releasing = releaseInTurn(session, tp)
        releasings.add(releasing)
        return releasing.finally(() => releasings.delete(releasing))
      })
      session.revoking.set(key, released)
      void released.then(() => {
        session.revoking.delete(key)
        onReleased()
      })
    },
    async finished() {
      await Promise.all(finishing.keys())
    },
    async released() {
      await Promise.all(releasings)
    },
    unfinished: () => [...finishing.values()],
  }
}
