import { isKafkaJSError, isRebalancing, KafkaJSNonRetriableError, protocolTypeOf } from '../../errors/index.js'
import { toError } from '../../errors/thrown.js'
import { toLastError } from '../../instrumentation/last-error.js'
import { firstRetryTime, isRetriable } from '../../retry/retry.js'
import { createRetryBudget } from '../../retry/retry-budget.js'
import type { ConsumerPartitionDiagnostics } from '../../types/diagnostics.js'
import { wait } from '../../util/wait.js'
import type { PartitionContext } from './context.js'
import { isLinkTrouble, mendLink } from './link-trouble.js'
import type { PartitionStatus } from './status.js'
import { createTrouble } from './trouble.js'

/** The cause that ended an attempt at a partition: its handler or a commit, or the way to the service. */
export interface Failure {
  readonly of: 'handling' | 'reading'
  readonly thrown: unknown
}

/** All failures so far, and the last thing that was noted. */
type Noted = Pick<ConsumerPartitionDiagnostics, 'retries' | 'lastError'>

/** The mending of failures, so that the next attempt may go better. */
export interface Recovery {
  /** Of handling, in a row without progress. */
  readonly retryCount: number
  /** Resolves when the partition is to be tried again. Rejects with what the consumer is to crash with. */
  from(failure: Failure): Promise<void>
  /** The partition is read. */
  reading(): void
  /** An open link is gone, and is opened again at once. */
  dropped(error: Error): void
  diagnostics(): Noted
}

export interface RecoveryOptions {
  readonly context: PartitionContext
  readonly status: PartitionStatus
  /** The value reached so far; another value than at the failure before is progress. */
  progress(): string
  /** The Event Hubs consumer group that the link was opened with. */
  consumerGroup(): string
  /** True when a link to the partition has come to work. */
  wasOpen(): boolean
  /** Goes on where the partition begins or ends. False: there is nothing to go on from. */
  reset(): Promise<boolean>
}

export function createRecovery(options: RecoveryOptions): Recovery {
  const { context, status, progress, consumerGroup, wasOpen, reset } = options
  const { retry, logger, groupId, ownership } = context
  const { topic, partition, ended } = status
  const where = { topic, partition }
  const budget = createRetryBudget(retry)
  const trouble = createTrouble({ retry, logger, ...where })
  let noted: Noted = { retries: 0, lastError: null }

  /** As in kafkajs the retries are limited, and the consumer crashes when they are used up. */
  const fromHandling = async (error: Error) => {
    if (isRebalance(error)) {
      logger.warn('The group is rebalancing, re-joining', {
        groupId,
        memberId: ownership.memberId(),
        error: error.message,
      })
      await status.awaitVerdict()
      return wait(firstRetryTime(retry), ended)
    }
    if (!isRetriable(error)) throw asNonRetriable(error)
    const retryTime = budget.take(error, progress())
    logger.debug(`Trying partition again in ${retryTime}ms: ${error.message}`, { ...where, retryTime })
    return wait(retryTime, ended)
  }

  /** Waits out what passes by itself: the other partitions are none the worse for it. */
  const fromReading = async (met: Error, before: Noted) => {
    let error = met
    let mended = false
    let passes = isRetriable(error) || isLinkTrouble(error)
    try {
      mended = (protocolTypeOf(error) === 'OFFSET_OUT_OF_RANGE' && (await reset())) || (await mendLink(error, link()))
    } catch (failure) {
      error = toError(failure)
      passes = isRetriable(error)
    }
    // Which consumer group there is to read as is found out by trying: that is no failure.
    if (mended && context.fetching.readingGroups.of(topic).consumerGroup !== consumerGroup()) noted = before
    if (status.ending === 'abandon') return
    if (!passes && !mended) throw asNonRetriable(error)
    await wait(trouble.met(error, progress(), { mended }), ended)
  }

  const link = () => ({ context, status, consumerGroup: consumerGroup(), wasOpen: wasOpen() })

  return {
    get retryCount() {
      return budget.retryCount
    },
    from({ of, thrown }) {
      const error = toError(thrown)
      const before = noted
      noted = { retries: before.retries + 1, lastError: toLastError(error) }
      return of === 'handling' ? fromHandling(error) : fromReading(error, before)
    },
    reading: trouble.over,
    dropped(error) {
      noted = { ...noted, lastError: toLastError(error) }
      trouble.dropped(error)
    },
    diagnostics: () => noted,
  }
}

/** Of the group or the program, but never the end of a consumer: kafkajs joins anew. */
const isRebalance = (error: Error) => isRebalancing(error) || protocolTypeOf(error) === 'UNKNOWN_MEMBER_ID'

/** As kafkajs has it: what a codec lacks crashes as it is, all else as non-retriable with a cause, which listeners look at. */
function asNonRetriable(error: Error): Error {
  if (isKafkaJSError(error) && error.name === 'KafkaJSNotImplemented') return error
  if (isKafkaJSError(error) && error.name === 'KafkaJSNonRetriableError' && error.cause) return error
  return new KafkaJSNonRetriableError(error, { cause: error })
}
