import { randomBytes } from 'node:crypto'
import { createDeferred, type Deferred } from '../../util/deferred.js'
import { appendRecords } from './framed-records.js'
import { createReplayedLog, type Entry, type JournaledState } from './replayed-log.js'

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

export interface JournalOptions<Change, State extends JournaledState<Change>> {
  readonly directory: string
  createState(): State
  /** A log longer than this is succeeded by a new one, once it has four times the changes it began with. */
  readonly maxLogBytes?: number
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

export function createJournal<Change, State extends JournaledState<Change>>(
  options: JournalOptions<Change, State>,
): Journal<Change, State> {
  const { directory, createState, maxLogBytes = DEFAULT_MAX_LOG_BYTES } = options
  const log = createReplayedLog(directory, createState)

  const serve = async (requests: readonly Request<Change, State>[]): Promise<void> => {
    let open = requests.filter(({ entry }) => entry)
    for (;;) {
      const writing = open.length > 0
      const file = await log.open(writing)
      if (!file) break
      try {
        if (writing)
          await appendRecords(
            file,
            open.map(({ entry }) => entry),
          )
        const outcomes = await log.advance(file)
        open = open.filter(({ entry, done }) => {
          const outcome = outcomes.get(entry?.id ?? '')
          if (outcome) done.resolve({ state: log.state, outcomes: outcome })
          return !outcome
        })
        if (log.isSealed) continue
        if (open.length > 0) throw new Error(`What was written to ${log.name} is not there any more`)
        if (writing && log.isOutgrown(maxLogBytes)) await appendRecords(file, [{ seal: true }])
        break
      } finally {
        await file.close()
      }
    }
    for (const { done } of requests) done.resolve({ state: log.state, outcomes: [] })
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
