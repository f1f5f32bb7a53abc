import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import type { CheckpointStore, PartitionOwnership, StoredGroup } from '../../types/checkpoint-store.js'
import { endingOnAbort } from '../abort.js'
import { checkCheckpoint, checkOwnership } from '../validation.js'
import { createGroupJournals, type GroupJournal } from './group-journals.js'

/**
 * A checkpoint store in a directory of a local disk, shared by any number of processes of one machine. The directory is
 * created when first written to.
 *
 * A process may be killed at any instant: what it was writing is there or not there, never half. What a call has
 * written survives the death of every process; a power failure may lose the last seconds, so that their messages are
 * handled again.
 *
 * Calls reject with `KafkaJSNonRetriableError` when the directory can't be used at all, with a retriable `KafkaJSError`
 * on other failures of the disk, and on all that come after a first success.
 *
 * @param directory - absolute, or relative to the working directory at the time of this call
 * @public
 */
export function fileCheckpointStore(directory: string): CheckpointStore {
  return createFileStore(directory)
}

/** The same, with logs of a length of one's own. */
export function createFileStore(directory: string, options: { maxLogBytes?: number } = {}): CheckpointStore {
  if (typeof directory !== 'string' || directory === '') {
    throw new KafkaJSNonRetriableError(`fileCheckpointStore needs a directory, got ${JSON.stringify(directory)}`)
  }
  const { open, list } = createGroupJournals(resolve(directory), options)

  return endingOnAbort({
    async listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const state = await open(fullyQualifiedNamespace, consumerGroup).read()
      const records = state.ownership(eventHubName)
      return records.map((record) => ({ fullyQualifiedNamespace, eventHubName, consumerGroup, ...record }))
    },

    async claimOwnership(partitionOwnership, _options) {
      partitionOwnership.forEach(checkOwnership)
      const time = Date.now()
      const claims = partitionOwnership.map((ownership) => ({
        ...ownership,
        expected: ownership.etag,
        etag: randomUUID(),
      }))
      const byJournal = new Map<GroupJournal, typeof claims>()
      for (const claim of claims) {
        const journal = open(claim.fullyQualifiedNamespace, claim.consumerGroup)
        byJournal.set(journal, [...(byJournal.get(journal) ?? []), claim])
      }
      const won: PartitionOwnership[] = []
      for (const [journal, group] of byJournal) {
        const changes = group.map(({ eventHubName, partitionId, ownerId, expected, etag }) => {
          return {
            op: 'claim',
            hub: eventHubName,
            partition: partitionId,
            owner: ownerId,
            expected,
            etag,
            time,
          } as const
        })
        const outcomes = await journal.append(group[0]?.consumerGroup ?? '', changes)
        group.forEach(({ expected: _, ...claim }, i) => {
          if (outcomes[i]) won.push({ ...claim, lastModifiedTimeInMs: time })
        })
      }
      return won
    },

    async updateCheckpoint(checkpoint, _options) {
      checkCheckpoint(checkpoint)
      const { fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, sequenceNumber, offset } = checkpoint
      await open(fullyQualifiedNamespace, consumerGroup).append(consumerGroup, [
        { op: 'commit', hub: eventHubName, partition: partitionId, sequenceNumber, offset },
      ])
    },

    async listCheckpoints(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const state = await open(fullyQualifiedNamespace, consumerGroup).read()
      const records = state.checkpoints(eventHubName)
      return records.map((record) => ({ fullyQualifiedNamespace, eventHubName, consumerGroup, ...record }))
    },

    async listGroups(fullyQualifiedNamespace, _options) {
      const found: StoredGroup[] = []
      for (const { journal, group } of await list(fullyQualifiedNamespace)) {
        const state = await journal.read()
        const consumerGroup = state.name ?? group
        if (!state.isEmpty && consumerGroup !== undefined)
          found.push({ consumerGroup, eventHubNames: state.eventHubNames() })
      }
      return found
    },

    async deleteGroup(fullyQualifiedNamespace, consumerGroup, _options) {
      const journal = open(fullyQualifiedNamespace, consumerGroup)
      if ((await journal.read()).isEmpty) return
      await journal.append(consumerGroup, [{ op: 'clear' }])
    },

    async deleteCheckpoint(fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, _options) {
      const journal = open(fullyQualifiedNamespace, consumerGroup)
      if ((await journal.read()).isEmpty) return
      await journal.append(consumerGroup, [{ op: 'forget', hub: eventHubName, partition: partitionId }])
    },
  })
}
