import { KafkaJSError } from '../../errors/index.js'
import { retry } from '../../retry/retry.js'
import { withDeadline } from '../../util/deadline.js'
import type { PartitionContext } from './context.js'
import type { PartitionStatus } from './status.js'

/** The retries of a partition's last commit: someone waits for the partition. */
const LAST_COMMIT_RETRIES = 2

/**
 * Commits what was handled last of a partition that has finished, as far as that is to be done automatically. Takes
 * `requestTimeout` at most, once it has a place; nothing is committed of a partition that was abandoned meanwhile.
 */
export async function commitLast(context: PartitionContext, status: PartitionStatus): Promise<void> {
  const { progress, requestTimeout } = context
  const { topic, partition } = status
  if (!progress.autoCommit) return
  const settings = { ...context.retry, retries: Math.min(LAST_COMMIT_RETRIES, context.retry.retries) }
  const commit = async () => status.ending === 'finish' && progress.offsets.commit({ topic, partition })
  const commitWithin = () =>
    withDeadline((signal) => retry(commit, settings, { signal }), {
      ms: requestTimeout,
      createError: () => new KafkaJSError(`The last commit was not done within ${requestTimeout} ms`),
    })
  await progress.lastCommits.run(commitWithin)
}
