import type { PartitionContext } from './context.js'
import type { Positioning } from './positioning.js'
import type { PartitionStatus } from './status.js'
import type { PartitionStream } from './stream.js'

/** Moves a partition that is being read: its stream, what is resolved of it and its seeks are kept in step. */
export interface Repositioning {
  /** Goes on where the pending seek leads to, if there is one. */
  seek(): Promise<void>
  /** Goes on where the partition begins or ends. */
  reset(): Promise<void>
  /** Goes on behind what is resolved, unless a seek is pending. */
  advance(): void
}

export interface RepositioningOptions {
  readonly context: PartitionContext
  readonly status: PartitionStatus
  readonly positioning: Positioning
  readonly stream: PartitionStream
}

export function createRepositioning({ context, status, positioning, stream }: RepositioningOptions): Repositioning {
  const { offsets, seeks } = context.progress
  const { topic, partition } = status

  const goOnAt = (position: number) => {
    offsets.resolve(topic, partition, position)
    stream.advance(position)
  }

  return {
    async seek() {
      const target = seeks.get(topic, partition)
      if (target === undefined) return
      const position = await positioning.seek(target)
      // Another has come meanwhile.
      if (seeks.get(topic, partition) !== target) return
      goOnAt(position)
      seeks.applied(topic, partition, target)
    },

    reset: async () => goOnAt(await positioning.reset(stream.position)),

    advance() {
      if (!status.seekPending()) stream.advance(offsets.resolved(topic, partition) ?? stream.position)
    },
  }
}
