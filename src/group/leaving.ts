import { KafkaJSError } from '../errors/index.js'
import type { Logger } from '../types/index.js'
import type { Clock } from '../util/clock.js'
import { isWithin } from '../util/within.js'
import type { Handover } from './handover.js'
import type { TopicPartition } from './leases.js'
import type { Renewal } from './renewal.js'
import type { Session } from './session.js'

/** The longest time leaving may take, ms. */
export interface LeavePatience {
  /** The time for handlers, and for the commits after them. */
  readonly finish: number
  /** The time for the store to take note of all that is given up. */
  readonly store: number
}

export interface LeavingOptions {
  readonly session: () => Session
  readonly groupId: string
  /** ms */
  readonly sessionTimeout: number
  readonly renewal: Renewal
  readonly handover: Handover
  /** Runs what touches the session in turn. */
  readonly serial: <T>(operation: () => Promise<T>) => Promise<T>
  readonly onLost: (partitions: readonly TopicPartition[]) => void
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Gives up every partition, then the member's place. Ends in time, whatever handlers and the store do; rejects if the
 * store could not be told.
 */
export async function leaveGroup(options: LeavingOptions, patience: LeavePatience): Promise<void> {
  const { session, handover, serial, clock } = options
  // A look under way may still take partitions, which are to be given up too.
  await isWithin(serial(nothing), patience.store, clock)
  await finishAll(options, patience.finish)
  const told = handover.released().then(() => serial(() => session().leave()))
  if (await isWithin(told, patience.store, clock)) return
  throw new KafkaJSError(
    `The checkpoint store has not taken note within ${patience.store} ms: the leases run out by themselves`,
  )
}

const nothing = async () => undefined

async function finishAll(options: LeavingOptions, patience: number): Promise<void> {
  const { session, groupId, handover, onLost, logger, clock } = options
  const stopRenewing = keepRenewing(options)
  for (const partition of session().leases.held()) handover.revoke(session(), partition)
  const isFinished = await isWithin(handover.finished(), patience, clock)
  stopRenewing()
  if (isFinished) return
  const partitions = handover.unfinished()
  logger.error(`Handlers have not ended within ${patience} ms: the member leaves without them`, { groupId, partitions })
  onLost(partitions)
}

/** A handler may take its time to finish: until then its partition stays this member's. */
function keepRenewing({ groupId, sessionTimeout, renewal, logger, clock }: LeavingOptions): () => void {
  const beat = () => {
    cancel = clock.after(sessionTimeout / 3, beat)
    renewal.renew().catch((error: Error) => {
      logger.warn(`Could not renew the member's leases while leaving: ${error.message}`, { groupId })
    })
  }
  let cancel = clock.after(sessionTimeout / 3, beat)
  return () => cancel()
}
