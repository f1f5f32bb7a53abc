import type { Assignment } from '../types/index.js'

/** The partitions of a topic in an assignment. A topic may be named like what every object has, such as `constructor`. */
export function partitionsIn(assignment: Assignment | undefined, topic: string): readonly number[] {
  return assignment && Object.hasOwn(assignment, topic) ? (assignment[topic] ?? []) : []
}
