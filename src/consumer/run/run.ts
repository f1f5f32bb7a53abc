import { toError } from '../../errors/thrown.js'
import type { Joined } from '../../group/member.js'
import { partitionsIn } from '../../group/partitions-in.js'
import { retryLog } from '../../instrumentation/retry-log.js'
import { retry } from '../../retry/retry.js'
import type { ConsumerDiagnostics } from '../../types/diagnostics.js'
import type { Assignment, TopicPartitionOffset, TopicPartitions } from '../../types/index.js'
import { createDeferred } from '../../util/deferred.js'
import { isWithin } from '../../util/within.js'
import { createHandlerCalls, outsideOfCalls } from '../partition/handler-calls.js'
import { createPauses, type PauseEntry } from '../pauses.js'
import { createSeeks } from '../seeks.js'
import { type ConnectedRun, connectRun } from './assembly.js'
import { createFetchCycle } from './fetch-cycle.js'
import { createJoinReport } from './join-report.js'
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
  const { settings, groupLogger } = options
  const { heartbeatInterval } = settings
  const pauses = createPauses()
  const seeks = createSeeks()
  const stopping = new AbortController()
  const ended = createDeferred()
  const firstJoin = createDeferred()
  const calls = createHandlerCalls()
  /** Listeners of an event that a handler has caused are not part of it: they may await `stop()`, which waits for it. */
  const instrumentation: RunOptions['instrumentation'] = {
    ...options.instrumentation,
    emit(key, payload) {
      // To leave a handler's context costs too much where nobody listens.
      if (options.instrumentation.has(key)) outsideOfCalls(() => options.instrumentation.emit(key, payload))
    },
  }
  let crashed = false
  let connected: ConnectedRun | undefined
  let starting: Promise<void> = Promise.resolve()
  let lastHeartbeat = performance.now()
  /** The assignment the group has given this member, once it has settled. */
  let assignment: Assignment | undefined

  const fail = (thrown: unknown) => {
    if (crashed || stopping.signal.aborted) return
    crashed = true
    ended.resolve()
    options.onCrash(toError(thrown))
  }

  const heartbeat = () => {
    if (!connected || performance.now() - lastHeartbeat < heartbeatInterval) return
    instrumentation.emit('HEARTBEAT', connected.identity)
    // From here, not from the question: the next event must not bear a time that is early by the time in between.
    lastHeartbeat = performance.now()
  }

  const fetchCycle = createFetchCycle(
    instrumentation,
    options.requests,
    settings.maxWaitTimeInMs,
    heartbeat,
    stopping.signal,
  )

  const isAssigned = (topic: string, partition: number) => partitionsIn(assignment, topic).includes(partition)

  const reportJoin = createJoinReport({ ...options, instrumentation })
  const joined = (now: Joined) => {
    assignment = now.assignment
    // As in kafkajs: a seek of a partition that this member was not given is of no consequence, then or later.
    seeks.keep(isAssigned)
    reportJoin(now)
    firstJoin.resolve()
  }

  const join = async (connect: (signal: AbortSignal) => Promise<RunConnection>) => {
    try {
      const connection = await connect(stopping.signal)
      if (stopping.signal.aborted) return
      connected = connectRun(connection, {
        ...options,
        instrumentation,
        pauses,
        seeks,
        stopping: stopping.signal,
        fail,
        calls,
        isRunning: () => !stopping.signal.aborted && !crashed,
        heartbeat,
        fetched: fetchCycle.fetched,
        rebalancing() {
          assignment = undefined
        },
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

  /**
   * Resolves when the member has all of its partitions, and in any case after `rebalanceTimeout`, which is how long Kafka's
   * coordinator waits for the others: a handler of theirs may hold a partition for an hour, or for good.
   */
  const hasSettled = async () => {
    if (await isWithin(Promise.race([firstJoin.promise, ended.promise]), settings.rebalanceTimeout)) return
    const message = `Not all partitions of this member are free after ${settings.rebalanceTimeout} ms: it reads the others, and takes these when they are`
    groupLogger.warn(message, { groupId: settings.groupId })
  }

  const wake = (list: readonly PauseEntry[]) => connected?.workers.wake(list)

  return {
    async start(connect) {
      starting = join(connect)
      await starting
      if (!connected || crashed || stopping.signal.aborted) return
      const settled = hasSettled()
      fetchCycle.run(connected.context.fetching.transport.address.broker, settled).catch(fail)
      await settled
    },

    async stop() {
      stopping.abort()
      ended.resolve()
      await isWithin(starting, options.requestTimeout)
      if (!connected) return calls.end()
      const { member, workers } = connected
      const begun = performance.now()
      try {
        await member.leave({ finish: settings.rebalanceTimeout, store: options.requestTimeout })
      } finally {
        // One time for all handlers: what leaving has used up of it is not waited for again.
        const left = begun + settings.rebalanceTimeout - performance.now()
        if (!(await isWithin(workers.abandonedEnded(), Math.max(0, left)))) {
          const message = 'Handlers still run of partitions that were given up: they are not waited for any longer'
          groupLogger.error(message, { groupId: settings.groupId, partitions: workers.lingering() })
        }
        calls.end()
      }
    },

    isInHandler: calls.isWithin,

    async commitResolved() {
      if (options.config.autoCommit ?? true) await connected?.context.progress.offsets.commit()
    },

    seek(topic, partition, offset) {
      if (assignment && !isAssigned(topic, partition)) return
      seeks.set(topic, partition, offset)
      wake([{ topic, partitions: [partition] }])
    },

    pause(list) {
      groupLogger.info(`Pausing fetching from ${list.length} topics`, { topicPartitions: list })
      pauses.pause(list)
      wake(list)
    },

    resume(list) {
      groupLogger.info(`Resuming fetching from ${list.length} topics`, { topicPartitions: list })
      pauses.resume(list)
      wake(list)
    },

    paused: () => pauses.paused(connected?.workers.assigned() ?? []),

    commit: async (offsets) => connected?.context.progress.commitExactly(offsets),

    diagnostics: () => ({
      memberId: connected?.member.memberId() ?? null,
      partitions: connected?.workers.diagnostics() ?? [],
    }),
  }
}
