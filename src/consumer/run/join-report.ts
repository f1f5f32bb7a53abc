import type { Joined } from '../../group/member.js'
import type { Assignment } from '../../types/index.js'
import type { RunOptions } from './types.js'

export type JoinReportOptions = Pick<RunOptions, 'settings' | 'config' | 'topics' | 'instrumentation' | 'groupLogger'>

/** Tells, as events and in the log, what a member has come to each time it has joined. */
export function createJoinReport(options: JoinReportOptions): (joined: Joined) => void {
  const { settings, config, topics, instrumentation, groupLogger } = options
  const { groupId } = settings
  let isToldIdle = false

  const tellUnsubscribed = ({ memberId, generationId, assignment }: Joined) => {
    const assignedTopics = Object.keys(assignment)
    const topicsNotSubscribed = assignedTopics.filter((topic) => !topics.has(topic))
    if (topicsNotSubscribed.length === 0) return
    const topicsSubscribed = [...topics.keys()]
    const payload = { groupId, generationId, memberId, assignedTopics, topicsSubscribed, topicsNotSubscribed }
    groupLogger.warn('Consumer group received unsubscribed topics', payload)
    instrumentation.emit('RECEIVED_UNSUBSCRIBED_TOPICS', payload)
  }

  /** The reason that nothing is read, if so. */
  const reasonForNothing = (given: Assignment): string | undefined => {
    if (topics.size === 0) return 'it is subscribed to no topic: call consumer.subscribe() before consumer.run()'
    if (!config.eachMessage && !config.eachBatch) return 'run() was given no handler: pass eachMessage or eachBatch'
    if (Object.values(given).some((partitions) => partitions.length > 0)) return undefined
    return 'no partition is left for this member: the group has as many members as partitions, or the topics do not exist'
  }

  /** The advice to a program that reads nothing, and does not know why; once a run. */
  const tellIfIdle = (given: Assignment) => {
    const reason = reasonForNothing(given)
    if (!reason || isToldIdle) return
    isToldIdle = true
    groupLogger.warn(`The consumer has joined the group with nothing to read, ${reason}`, { groupId })
  }

  return (joined) => {
    const { memberId, leaderId, protocol, duration, assignment } = joined
    tellUnsubscribed(joined)
    const payload = {
      groupId,
      memberId,
      leaderId,
      isLeader: leaderId === memberId,
      memberAssignment: inOrder(assignment, topics),
      groupProtocol: protocol,
      duration,
    }
    groupLogger.info('Consumer has joined the group', payload)
    tellIfIdle(payload.memberAssignment)
    instrumentation.emit('GROUP_JOIN', payload)
  }
}

/** What is assigned of the topics subscribed to, in the order in which they were: kafkajs's. */
function inOrder(assignment: Assignment, topics: ReadonlyMap<string, unknown>): Assignment {
  const given = [...topics.keys()].map((topic) => [topic, assignment[topic]] as const)
  return Object.fromEntries(given.filter(([, partitions]) => partitions !== undefined)) as Assignment
}
