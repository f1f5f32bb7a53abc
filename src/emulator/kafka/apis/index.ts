import type { Api } from '../protocol/api.js'
import { SASL_AUTHENTICATE, SASL_HANDSHAKE } from '../protocol/schemas/connection.js'
import { apiVersions } from './api-versions.js'
import { fetch } from './fetch.js'
import { findCoordinator } from './find-coordinator.js'
import {
  deleteGroups,
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  offsetCommit,
  offsetFetch,
  syncGroup,
} from './groups.js'
import type { Handler } from './handler.js'
import { initProducerId } from './init-producer-id.js'
import { metadata } from './metadata.js'
import { listOffsets, offsetForLeaderEpoch } from './offsets-by-time.js'
import { produce } from './produce.js'
import { describeConfigs } from './topic-configs.js'
import { createPartitions, createTopics, deleteTopics } from './topics.js'

const handlers: readonly Handler[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  apiVersions(() => APIS),
  createTopics,
  deleteTopics,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  createPartitions,
  deleteGroups,
]

/** The requests that are offered: the service's own list, as far as it has been seen, without transactions. */
export const APIS: readonly Api[] = [
  ...handlers.map(({ api }) => api),
  SASL_HANDSHAKE as unknown as Api,
  SASL_AUTHENTICATE as unknown as Api,
].sort((a, b) => a.key - b.key)

const byKey = new Map(handlers.map((each) => [each.api.key, each]))

export function handlerOf(apiKey: number): Handler | undefined {
  return byKey.get(apiKey)
}
