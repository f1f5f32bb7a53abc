import type { PartitionAssigner } from '../types/index.js'
import { roundRobin } from './round-robin.js'
import { sticky } from './sticky.js'

/** The assigners that come with the package: kafkajs's, and one that moves as few partitions as can be. @public */
export const PartitionAssigners: { roundRobin: PartitionAssigner; sticky: PartitionAssigner } = { roundRobin, sticky }
