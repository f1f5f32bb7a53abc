import { constants, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { encodeRecords, readRecords } from './framed-records.js'
import { type ChainLink, extendChain, NO_LINKS, openExisting, readChain } from './log-chain.js'

export interface JournaledState<Change> {
  apply(change: Change): boolean
  /** Changes that bring a new state to this one. */
  changes(): Iterable<Change>
}

/** What a log is made of. */
export interface Entry<Change> {
  /** Random: by it the writer finds its entry again. */
  readonly id?: string
  readonly changes?: readonly Change[]
  readonly seal?: true
}

/** The current log of a directory, and the state that its entries so far amount to. */
export interface ReplayedLog<State> {
  /** The name of its file. */
  readonly name: string
  readonly state: State
  /** What is appended now does not count: it belongs into the successor, which is the next to be opened. */
  readonly isSealed: boolean
  /** Longer, with more than four times the changes that it began with: it should be sealed. */
  isOutgrown(bytes: number): boolean
  /**
   * Opens the log, or the successor of one that is sealed. Undefined when there is none yet, and it is not for writing.
   */
  open(forWriting: boolean): Promise<FileHandle | undefined>
  /** Applies what the log has beyond what was read; returns the outcomes of the entries that have an id. */
  advance(file: FileHandle): Promise<Map<string, boolean[]>>
}

/** Without O_CREAT. */
const APPEND = constants.O_RDWR | constants.O_APPEND | NO_LINKS

export function createReplayedLog<Change, State extends JournaledState<Change>>(
  directory: string,
  createState: () => State,
): ReplayedLog<State> {
  let log: ChainLink = { number: 0, file: '' }
  let state = createState()
  /** The position up to which it has been read. */
  let position = 0
  /** Changes that it began with. */
  let inherited = 0
  let applied = 0
  let sealed = true

  /** Moves to the log that the chain names; false when that is the one it is at. */
  const follow = async (): Promise<boolean> => {
    const link = await readChain(directory)
    if (!link && log.number > 0)
      throw new Error('It has vanished: bring it back; or, to begin anew without its offsets, start a member again')
    if (!link || link.file === log.file) return false
    log = link
    state = createState()
    position = 0
    inherited = 0
    applied = 0
    sealed = false
    return true
  }

  const open = async (forWriting: boolean): Promise<FileHandle | undefined> => {
    for (;;) {
      if (sealed && !(await follow())) {
        if (!forWriting) return undefined
        await extendChain(directory, log.number + 1, encodeRecords([{ changes: [...state.changes()] }]))
        continue
      }
      const file = await openExisting(join(directory, log.file), forWriting ? APPEND : constants.O_RDONLY | NO_LINKS)
      if (file) return file
      if (await follow()) continue
      throw new KafkaJSNonRetriableError(
        `The log ${join(directory, log.file)} is missing, which the file 'chain' beside it names as the current one: restore it, or remove the directory to begin anew`,
      )
    }
  }

  const advance = async (file: FileHandle): Promise<Map<string, boolean[]>> => {
    const outcomes = new Map<string, boolean[]>()
    const read = await readRecords(file, position)
    for (const record of read.records) {
      if (sealed) break
      if (typeof record !== 'object' || record === null) continue
      const { id, changes, seal } = record as Entry<Change>
      if (seal) sealed = true
      if (!Array.isArray(changes)) continue
      const took = changes.map((change) => state.apply(change))
      if (id === undefined) inherited = changes.length
      else outcomes.set(id, took)
      applied += changes.length
    }
    position = read.position
    return outcomes
  }

  return {
    get name() {
      return log.file
    },
    get state() {
      return state
    },
    get isSealed() {
      return sealed
    },
    isOutgrown: (bytes) => position > bytes && applied > 4 * inherited,
    open,
    advance,
  }
}
