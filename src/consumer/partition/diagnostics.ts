import { toOffset } from '../../translate/offset.js'
import type { ConsumerPartitionDiagnostics } from '../../types/diagnostics.js'
import type { PartitionContext } from './context.js'
import type { Reading } from './reading.js'
import type { Recovery } from './recovery.js'
import type { PartitionStatus } from './status.js'

/** The sources of what is told of a partition. */
export interface DiagnosticsSources {
  readonly context: PartitionContext
  readonly status: PartitionStatus
  /** Undefined until the partition is read. */
  readonly reading: Reading | undefined
  readonly recovery: Recovery
}

/** The state of a partition at the moment, as programs are told it. */
export function toDiagnostics({
  context,
  status,
  reading,
  recovery,
}: DiagnosticsSources): ConsumerPartitionDiagnostics {
  const { topic, partition } = status
  const { offsets } = context.progress
  const { position: start, end, link, links } = reading?.diagnostics() ?? { link: 'closed', links: 0 }
  const position = offsets.resolved(topic, partition) ?? start
  const age = context.ownership.leaseAge(topic, partition)
  return {
    topic,
    partition,
    position: toText(position),
    committedOffset: toText(offsets.committed(topic, partition)),
    highWatermark: toText(end),
    lag: position === undefined || end === undefined ? null : Math.max(0, end - position),
    link,
    links,
    isPaused: status.isPaused(),
    ...recovery.diagnostics(),
    leaseAgeInMs: Number.isFinite(age) ? Math.round(age) : null,
  }
}

const toText = (offset: number | undefined) => (offset === undefined ? null : toOffset(offset))
