import { fetchPartitionEnds } from '../../offsets/partition-ends.js'
import { EARLIEST, LATEST } from '../../translate/offset.js'
import type { PartitionContext } from './context.js'
import type { PartitionStatus } from './status.js'

/** Decides where a partition is read from, and keeps what it decided as the group's committed offset. */
export interface Positioning {
  /** The end of the partition when it was last looked at; undefined before. */
  readonly end: number | undefined
  /** The place to begin. `committed` is the group's next offset: -1 latest, -2 earliest, undefined when it has none. */
  start(committed: number | undefined): Promise<number>
  /** The offset a seek leads to. */
  seek(target: number): Promise<number>
  /** The place to go on when the partition does not have `position`, or no longer. */
  reset(position: number): Promise<number>
  /** True when retention has removed what was to be read next. */
  isRemoved(position: number): Promise<boolean>
}

export function createPositioning(context: PartitionContext, status: PartitionStatus): Positioning {
  const { fetching, progress, ownership, logger } = context
  const { topic, partition, ended } = status
  const where = { topic, partition }
  let end: number | undefined
  const ends = async () => {
    const ask = () => fetchPartitionEnds(fetching.transport, topic, partition, { abortSignal: ended })
    const found = await fetching.questions.run(ask, ended)
    end = found.high
    return found
  }

  const pin = async (position: number) => {
    if (!(await ownership.mayCommit(topic, partition))) return
    await progress.offsets.commitExactly([{ ...where, offset: String(position) }], { silent: true })
  }

  /** The place where a consumer without a committed offset begins, and one whose offset the partition does not have. */
  const byDefault = async () => {
    const { low, high } = await ends()
    return fetching.fromBeginning(topic) ? low : high
  }

  const logical = async (offset: number) => {
    const { low, high } = await ends()
    return offset === EARLIEST ? low : high
  }

  const isRemoved = async (position: number) => position < (await ends()).low

  const reset = async (position: number) => {
    logger.error('Offset out of range, resetting to default offset', {
      ...where,
      groupId: context.groupId,
      memberId: ownership.memberId(),
      offset: String(position),
    })
    const next = await byDefault()
    await pin(next)
    return next
  }

  return {
    get end() {
      return end
    },

    async start(committed) {
      if (committed === undefined) {
        const position = await byDefault()
        // Pinned, so that what is produced from now on is read by whoever has the partition next.
        if (progress.autoCommit && !fetching.fromBeginning(topic)) await pin(position)
        return position
      }
      if (committed < 0) {
        const position = await logical(committed)
        // The end moves: what is produced before the group's next run is to be read by it.
        if (committed === LATEST) await pin(position)
        return position
      }
      // Too far is for the service to judge, when the link is opened: what it tells of the end may be a little old.
      return (await isRemoved(committed)) ? reset(committed) : committed
    },

    async seek(target) {
      const position = target < 0 ? await logical(target) : target
      if (progress.autoCommit) await pin(position)
      return position
    },

    reset,
    isRemoved,
  }
}
