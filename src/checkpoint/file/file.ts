import { randomUUID } from 'node:crypto'
import { lstat, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../errors/index.js'
import type { CheckpointStore, PartitionOwnership, StoredGroup } from '../../types/checkpoint-store.js'
import { endingOnAbort } from '../abort.js'
import { decodeName, encodeName } from '../encoded-name.js'
import { createGroupState, type GroupChange, type GroupState } from '../group-state.js'
import { checkCheckpoint, checkOwnership } from '../validation.js'
import { createJournal, type Journal } from './journal.js'

/** The characters that every file system takes; the rest, and the names Windows keeps for devices, are encoded. */
const FILE_NAME = { plain: /[a-z0-9._$-]/, maxLength: 200 }
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=$|\.)/

type GroupJournal = Journal<GroupChange, GroupState>

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
  const root = resolve(directory)
  const journals = new Map<string, GroupJournal>()

  const directoryOf = (namespace: string) => join(root, toFileName(namespace))
  const openPath = (path: string): GroupJournal => {
    const known = journals.get(path)
    if (known) return known
    const journal = createJournal({ directory: path, createState: createGroupState, ...options })
    journals.set(path, journal)
    return journal
  }
  const open = (namespace: string, group: string) => openPath(join(directoryOf(namespace), toFileName(group)))

  const checked = new Set<string>()
  /** A link in place of a group's directory, or its namespace's, leads out of the store. The store itself may be one. */
  const refuseLinks = async (path: string) => {
    if (checked.has(path)) return
    for (const part of [dirname(path), path]) {
      const isLink = await lstat(part).then(
        (found) => found.isSymbolicLink(),
        () => false,
      )
      if (isLink)
        throw new KafkaJSNonRetriableError(`${part} is a symbolic link, which a checkpoint store does not follow`)
    }
    checked.add(path)
  }

  /** Whoever could write may again: a file system that is read-only after an error, a file that a virus scanner holds. */
  let hasWritten = false
  const guard = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation()
    } catch (error) {
      throw fromDiskError(error, { root, mayPass: hasWritten })
    }
  }
  const read = (journal: GroupJournal) =>
    guard(async () => {
      await refuseLinks(journal.directory)
      return journal.read()
    })
  const named = new WeakSet<GroupJournal>()
  /** Appends changes. The first that this process writes of a group goes with the group's spelling. */
  const append = async (journal: GroupJournal, group: string, changes: readonly GroupChange[]): Promise<boolean[]> => {
    const name: GroupChange[] = named.has(journal) ? [] : [{ op: 'name', name: group }]
    const outcomes = await guard(async () => {
      await refuseLinks(journal.directory)
      return journal.append([...changes, ...name])
    })
    named.add(journal)
    hasWritten = true
    return outcomes
  }

  return endingOnAbort({
    async listOwnership(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const state = await read(open(fullyQualifiedNamespace, consumerGroup))
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
        const outcomes = await append(journal, group[0]?.consumerGroup ?? '', changes)
        group.forEach(({ expected: _, ...claim }, i) => {
          if (outcomes[i]) won.push({ ...claim, lastModifiedTimeInMs: time })
        })
      }
      return won
    },

    async updateCheckpoint(checkpoint, _options) {
      checkCheckpoint(checkpoint)
      const { fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, sequenceNumber, offset } = checkpoint
      await append(open(fullyQualifiedNamespace, consumerGroup), consumerGroup, [
        { op: 'commit', hub: eventHubName, partition: partitionId, sequenceNumber, offset },
      ])
    },

    async listCheckpoints(fullyQualifiedNamespace, eventHubName, consumerGroup, _options) {
      const state = await read(open(fullyQualifiedNamespace, consumerGroup))
      const records = state.checkpoints(eventHubName)
      return records.map((record) => ({ fullyQualifiedNamespace, eventHubName, consumerGroup, ...record }))
    },

    async listGroups(fullyQualifiedNamespace, _options) {
      const directory = directoryOf(fullyQualifiedNamespace)
      const found: StoredGroup[] = []
      for (const name of await guard(() => subdirectories(directory))) {
        const state = await read(openPath(join(directory, name)))
        const consumerGroup = state.name ?? decodeName(name)
        if (!state.isEmpty && consumerGroup !== undefined)
          found.push({ consumerGroup, eventHubNames: state.eventHubNames() })
      }
      return found
    },

    async deleteGroup(fullyQualifiedNamespace, consumerGroup, _options) {
      const journal = open(fullyQualifiedNamespace, consumerGroup)
      if ((await read(journal)).isEmpty) return
      await append(journal, consumerGroup, [{ op: 'clear' }])
    },

    async deleteCheckpoint(fullyQualifiedNamespace, eventHubName, consumerGroup, partitionId, _options) {
      const journal = open(fullyQualifiedNamespace, consumerGroup)
      if ((await read(journal)).isEmpty) return
      await append(journal, consumerGroup, [{ op: 'forget', hub: eventHubName, partition: partitionId }])
    },
  })
}

function toFileName(name: string): string {
  const encoded = encodeName(name.toLowerCase(), FILE_NAME)
  return DEVICE_NAME.test(encoded) ? `%${encoded.charCodeAt(0).toString(16)}${encoded.slice(1)}` : encoded
}

async function subdirectories(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** No retry will help one who never could write: the directory is none, or not ours to write to. */
const UNUSABLE = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'EISDIR', 'EEXIST', 'ELOOP']

function fromDiskError(error: unknown, { root, mayPass }: { root: string; mayPass: boolean }): Error {
  if (error instanceof KafkaJSError) return error
  const { code, message } = error as NodeJS.ErrnoException
  const text = `The checkpoint directory ${root} can't be used: ${message}`
  const cause = error as Error
  const isFinal = !mayPass && UNUSABLE.includes(code ?? '')
  return isFinal ? new KafkaJSNonRetriableError(text, { cause }) : new KafkaJSError(text, { cause })
}
