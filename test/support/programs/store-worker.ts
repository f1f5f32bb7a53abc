import { createFileStore } from '../../../src/checkpoint/file/file.js'
import type { PartitionOwnership } from '../../../src/types/checkpoint-store.js'
import { commands, report } from '../program.js'

/** A process of its own on a file store, for its tests. */
export type WorkerCommand =
  /** One claim, answered. */
  | { do: 'claim'; ownership: PartitionOwnership }
  /** Adds one to the number that the owner of a partition is, so many times, whoever else does the same. */
  | { do: 'count'; partitionId: string; times: number }
  /** Writes so many checkpoints to each of the partitions. */
  | { do: 'commit'; partitions: string[]; times: number }
  /** Checkpoints and renews a partition for ever, and says what has been acknowledged. */
  | { do: 'write for ever'; partitionId: string; from: number }

const directory = process.env['STORE_DIRECTORY'] ?? ''
const store = createFileStore(directory, { maxLogBytes: Number(process.env['STORE_MAX_LOG_BYTES']) })
const key = { fullyQualifiedNamespace: 'ns', eventHubName: 'orders', consumerGroup: 'billing' }
const find = async (partitionId: string) => {
  const listed = await store.listOwnership('ns', 'orders', 'billing')
  return listed.find((ownership) => ownership.partitionId === partitionId)
}

async function count(partitionId: string, times: number): Promise<void> {
  let lost = 0
  for (let done = 0; done < times; ) {
    const current = await find(partitionId)
    const next = { ...(current ?? { ...key, partitionId }), ownerId: String(Number(current?.ownerId ?? 0) + 1) }
    const won = await store.claimOwnership([next])
    if (won.length > 0) done++
    else lost++
  }
  report({ type: 'counted', lost })
}

async function writeForEver(partitionId: string, from: number): Promise<never> {
  let [ownership] = await store.claimOwnership([
    { ...((await find(partitionId)) ?? { ...key, partitionId }), ownerId: `${from}` },
  ])
  for (let i = from; ; i++) {
    report({ type: 'writing', sequenceNumber: i })
    await store.updateCheckpoint({ ...key, partitionId, sequenceNumber: i, offset: `${i}` })
    if (!ownership) throw new Error('A partition of its own was lost')
    ;[ownership] = await store.claimOwnership([{ ...ownership, ownerId: `${i}` }])
    report({ type: 'written', sequenceNumber: i, etag: ownership?.etag })
  }
}

report({ type: 'ready' })
for await (const command of commands<WorkerCommand>()) {
  switch (command.do) {
    case 'claim': {
      const [won] = await store.claimOwnership([command.ownership])
      report({ type: 'claimed', etag: command.ownership.etag ?? '', won: won ?? null })
      break
    }
    case 'count':
      await count(command.partitionId, command.times)
      break
    case 'commit':
      for (let i = 0; i < command.times; i++) {
        await Promise.all(
          command.partitions.map((partitionId) =>
            store.updateCheckpoint({ ...key, partitionId, sequenceNumber: i, offset: `${i}` }),
          ),
        )
      }
      report({ type: 'committed' })
      break
    case 'write for ever':
      await writeForEver(command.partitionId, command.from)
  }
}
