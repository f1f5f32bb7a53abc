import { randomBytes } from 'node:crypto'
import { constants, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { appendRecords, encodeRecords, readRecords } from './framed-records.js'
import { type ChainLink, extendChain, NO_LINKS, openExisting, readChain } from './log-chain.js'

/**
 * A state that all processes of a machine share through a directory, without locks.
 *
 * Processes append changes to a log and read what others appended. All apply the same changes in the same order, the
 * order of the log, so all agree which of two contradicting changes came first and won. Nothing is ever overwritten: a
 * process that is killed, or stopped for as long as one likes, at any instant, leaves a log that is as good as before.
 *
 * A log that has become long is sealed by an entry. What is appended after the seal does not count, and its writer
 * appends it again to the log's successor, which begins with the state at the seal. Whoever comes next may write the
 * successor, so a process that seals a log and dies holds nobody up.
 *
 * Durability: a change survives the death of its process from when the promise resolves. It is not forced to disk one
 * by one, so a power failure may lose the changes of the last seconds (as with Kafka's own default); what a succession
 * carries over is.
 */
export interface Journal<Change, State> {
  /** The state, at least as new as when the call began. */
  read(): Promise<State>
  /** Applies the changes in order, no other process's in between; tells of each whether it took effect. */
  append(changes: readonly Change[]): Promise<boolean[]>
}

export interface JournaledState<Change> {
  apply(change: Change): boolean
  /** Changes that bring a new state to this one. */
  changes(): Iterable<Change>
}

export interface JournalOptions<Change, State extends JournaledState<Change>> {
  readonly directory: string
  createState(): State
  /** A log longer than this is succeeded by a new one, once it has four times the changes it began with. */
  readonly maxLogBytes?: number
}

interface Entry<Change> {
  /** Random: by it the writer finds its entry again. */
  readonly id?: string
  readonly changes?: readonly Change[]
  readonly seal?: true
}

interface Answer<State> {
  readonly state: State
  readonly outcomes: boolean[]
}

interface Request<Change, State> {
  readonly entry: Entry<Change> | undefined
  readonly done: Deferred<Answer<State>>
}

const DEFAULT_MAX_LOG_BYTES = 1024 * 1024
/** Without O_CREAT. */
const APPEND = constants.O_RDWR | constants.O_APPEND | NO_LINKS

export function createJournal<Change, State extends JournaledState<Change>>(
  options: JournalOptions<Change, State>,
): Journal<Change, State> {
  const { directory, createState, maxLogBytes = DEFAULT_MAX_LOG_BYTES } = options
  let log: ChainLink = { number: 0, file: '' }
  let state = createState()
  /** The position up to which the log has been read. */
  let position = 0
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

  const openLog = async (forWriting: boolean): Promise<FileHandle | undefined> => {
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

  /** Applies what the log has beyond what was read; returns the outcomes of the entries that have an id. */
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

  const serve = async (requests: readonly Request<Change, State>[]): Promise<void> => {
    let open = requests.filter(({ entry }) => entry)
    for (;;) {
      const writing = open.length > 0
      const file = await openLog(writing)
      if (!file) break
      try {
        if (writing)
          await appendRecords(
            file,
            open.map(({ entry }) => entry),
          )
        const outcomes = await advance(file)
        open = open.filter(({ entry, done }) => {
          const outcome = outcomes.get(entry?.id ?? '')
          if (outcome) done.resolve({ state, outcomes: outcome })
          return !outcome
        })
        if (sealed) continue
        if (open.length > 0) throw new Error(`What was written to ${log.file} is not there any more`)
        if (writing && position > maxLogBytes && applied > 4 * inherited) await appendRecords(file, [{ seal: true }])
        break
      } finally {
        await file.close()
      }
    }
    for (const { done } of requests) done.resolve({ state, outcomes: [] })
  }

  let waiting: Request<Change, State>[] = []
  let running = false

  /** One round at a time; what is asked meanwhile shares the next one. */
  const run = async (): Promise<void> => {
    if (running) return
    running = true
    while (waiting.length > 0) {
      const requests = waiting
      waiting = []
      await serve(requests).catch((error: unknown) => {
        for (const { done } of requests) done.reject(error)
      })
    }
    running = false
  }

  const request = (entry?: Entry<Change>): Promise<Answer<State>> => {
    const done = createDeferred<Answer<State>>()
    waiting.push({ entry, done })
    void run()
    return done.promise
  }

  return {
    async read() {
      const { state } = await request()
      return state
    },
    async append(changes) {
      const { outcomes } = await request({ id: randomBytes(12).toString('base64url'), changes })
      return outcomes
    },
  }
}
