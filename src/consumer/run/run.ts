import { toError } from '../../errors/thrown.js'
import type { Joined } from '../../group/member.js'
import { retryLog } from '../../instrumentation/retry-log.js'
import { retry } from '../../retry/retry.js'
import type { ConsumerDiagnostics } from '../../types/diagnostics.js'
import type { TopicPartitionOffset, TopicPartitions } from '../../types/index.js'
import { isWithin } from '../../util/within.js'
import { createHandlerCalls, outsideOfCalls } from '../partition/handler-calls.js'
import type { PauseEntry } from '../pauses.js'
import { type ConnectedRun, connectRun } from './assembly.js'
import { createFetchCycle } from './fetch-cycle.js'
import { createFirstJoin } from './first-join.js'
import { createHeartbeat } from './heartbeat.js'
import { createJoinReport } from './join-report.js'
import { leaveGroup } from './leaving.js'
import { createSteering } from './steering.js'
import type { RunConnection, RunOptions } from './types.js'

/** One `run()` of a consumer, from joining the group to leaving it. */
export interface Run {
  /**
   * Joins. Resolves when everything assigned is read from a known position, after `rebalanceTimeout` in any case, when the
   * run has been stopped, or when it has crashed, of which `onCrash` is told; never rejects.
   */
  start(connect: (signal: AbortSignal) => Promise<RunConnection>): Promise<void>
  /**
   * Finishes messages at hand, commits, leaves the group. Waits for handlers for `rebalanceTimeout`, and for
   * `requestTimeout` each for a join under way, for a look at the group under way, and for the store to take note, at most;
   * rejects if the store could not be told.
   */
  stop(): Promise<void>
  /** True in code that one of this run's handlers calls, which `stop()` waits for. */
  isInHandler(): boolean
  /** Commits what is resolved so far, as far as it is to be committed automatically. */
  commitResolved(): Promise<void>
  seek(topic: string, partition: number, offset: number): void
  pause(list: readonly PauseEntry[]): void
  resume(list: readonly PauseEntry[]): void
  paused(): TopicPartitions[]
  /** Nothing before the group has been joined, as in kafkajs. */
  commit(offsets: readonly TopicPartitionOffset[]): Promise<void>
  /** The member and its partitions at the moment. */
  diagnostics(): Pick<ConsumerDiagnostics, 'memberId' | 'partitions'>
}

export function createRun(options: RunOptions): Run {
  const { settings, requests, groupLogger } = options
  const stopping = new AbortController()
  const firstJoin = createFirstJoin(options)
  const calls = createHandlerCalls()
  const instrumentation = outsideOfHandlers(options.instrumentation)
  let crashed = false
  let connected: ConnectedRun | undefined
  let starting: Promise<void> = Promise.resolve()

  const isRunning = () => !crashed && !stopping.signal.aborted

  const fail = (thrown: unknown) => {
    if (!isRunning()) return
    crashed = true
    firstJoin.over()
    options.onCrash(toError(thrown))
  }

  const steering = createSteering(() => connected?.workers)
  const heartbeat = createHeartbeat(instrumentation, settings.heartbeatInterval, () => connected?.identity)
  const fetchCycle = createFetchCycle(instrumentation, requests, settings.maxWaitTimeInMs, heartbeat, stopping.signal)

  const reportJoin = createJoinReport({ ...options, instrumentation })
  const joined = (now: Joined) => {
    steering.joined(now.assignment)
    reportJoin(now)
    firstJoin.over()
  }

  const join = async (connect: (signal: AbortSignal) => Promise<RunConnection>) => {
    try {
      const connection = await connect(stopping.signal)
      if (stopping.signal.aborted) return
      connected = connectRun(connection, {
        ...options,
        instrumentation,
        steering,
        stopping: stopping.signal,
        fail,
        calls,
        isRunning,
        heartbeat,
        fetched: fetchCycle.fetched,
        joined,
      })
      const { member } = connected
      await retry(() => member.join(), settings.retry, {
        signal: stopping.signal,
        onRetry: retryLog(groupLogger, 'Could not join the group'),
      })
    } catch (error) {
      fail(error)
    }
  }

  return {
    async start(connect) {
      starting = join(connect)
      await starting
      if (!connected || !isRunning()) return
      const settled = firstJoin.wait()
      fetchCycle.run(connected.context.fetching.transport.address.broker, settled).catch(fail)
      await settled
    },

    async stop() {
      stopping.abort()
      firstJoin.over()
      await isWithin(starting, options.requestTimeout)
      try {
        if (connected) await leaveGroup(connected, options)
      } finally {
        calls.end()
      }
    },

    isInHandler: calls.isWithin,

    async commitResolved() {
      if (options.config.autoCommit ?? true) await connected?.context.progress.offsets.commit()
    },

    seek: steering.seek,

    pause(list) {
      groupLogger.info(`Pausing fetching from ${list.length} topics`, { topicPartitions: list })
      steering.pause(list)
    },

    resume(list) {
      groupLogger.info(`Resuming fetching from ${list.length} topics`, { topicPartitions: list })
      steering.resume(list)
    },

    paused: steering.paused,

    commit: async (offsets) => connected?.context.progress.commitExactly(offsets),

    diagnostics: () => ({
      memberId: connected?.member.memberId() ?? null,
      partitions: connected?.workers.diagnostics() ?? [],
    }),
  }
}

/** Listeners of an event that a handler has caused are not part of it: they may await `stop()`, which waits for it. */
const outsideOfHandlers = (instrumentation: RunOptions['instrumentation']): RunOptions['instrumentation'] => ({
  ...instrumentation,
  emit(key, payload) {
    // To leave a handler's context costs too much where nobody listens.
    if (instrumentation.has(key)) outsideOfCalls(() => instrumentation.emit(key, payload))
  },
})
