import { lstat, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../errors/index.js'
import { decodeName, encodeName } from '../encoded-name.js'
import { createGroupState, type GroupChange, type GroupState } from '../group-state.js'
import { createJournal, type Journal } from './journal.js'

/** The journal of one consumer group. */
export interface GroupJournal {
  /** The group as all processes have written it. */
  read(): Promise<GroupState>
  /** Resolves with the outcome of each change. The first changes that this process writes go with the group's spelling. */
  append(group: string, changes: readonly GroupChange[]): Promise<boolean[]>
}

/**
 * The journals of a checkpoint directory: `<namespace>/<group>/`, one for each. Calls reject with
 * `KafkaJSNonRetriableError` while the directory can't be used at all, else with a retriable `KafkaJSError`.
 */
export interface GroupJournals {
  open(namespace: string, group: string): GroupJournal
  /** Those that are there, each with the group's name where the name of its directory tells it. */
  list(namespace: string): Promise<{ journal: GroupJournal; group: string | undefined }[]>
}

export function createGroupJournals(root: string, options: { maxLogBytes?: number }): GroupJournals {
  const journals = new Map<string, GroupJournal>()
  /** Whoever could write may again: a file system that is read-only after an error, a file that a virus scanner holds. */
  let hasWritten = false

  const guard = async <T>(operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation()
    } catch (error) {
      throw fromDiskError(error, { root, mayPass: hasWritten })
    }
  }

  const create = (directory: string): GroupJournal => {
    const journal: Journal<GroupChange, GroupState> = createJournal({
      directory,
      createState: createGroupState,
      ...options,
    })
    let isChecked = false
    let isNamed = false
    const checkOnce = async () => {
      if (!isChecked) await refuseLinks(directory)
      isChecked = true
    }
    return {
      read: () =>
        guard(async () => {
          await checkOnce()
          return journal.read()
        }),
      async append(group, changes) {
        const name: GroupChange[] = isNamed ? [] : [{ op: 'name', name: group }]
        const outcomes = await guard(async () => {
          await checkOnce()
          return journal.append([...changes, ...name])
        })
        isNamed = true
        hasWritten = true
        return outcomes
      },
    }
  }

  const directoryOf = (namespace: string) => join(root, toFileName(namespace))
  const openDirectory = (directory: string): GroupJournal => {
    const journal = journals.get(directory) ?? create(directory)
    journals.set(directory, journal)
    return journal
  }

  return {
    open: (namespace, group) => openDirectory(join(directoryOf(namespace), toFileName(group))),
    async list(namespace) {
      const directory = directoryOf(namespace)
      const names = await guard(() => subdirectories(directory))
      return names.map((name) => ({ journal: openDirectory(join(directory, name)), group: decodeName(name) }))
    },
  }
}

/** The characters that every file system takes; the rest, and the names Windows keeps for devices, are encoded. */
const FILE_NAME = { plain: /[a-z0-9._$-]/, maxLength: 200 }
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=$|\.)/

function toFileName(name: string): string {
  const encoded = encodeName(name.toLowerCase(), FILE_NAME)
  return DEVICE_NAME.test(encoded) ? `%${encoded.charCodeAt(0).toString(16)}${encoded.slice(1)}` : encoded
}

/** A link in place of a group's directory, or its namespace's, leads out of the store. The store itself may be one. */
async function refuseLinks(directory: string): Promise<void> {
  for (const part of [dirname(directory), directory]) {
    const isLink = await lstat(part).then(
      (found) => found.isSymbolicLink(),
      () => false,
    )
    if (isLink)
      throw new KafkaJSNonRetriableError(`${part} is a symbolic link, which a checkpoint store does not follow`)
  }
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
