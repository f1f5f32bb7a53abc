import type { DeleteGroupsResult } from '../errors/index.js'
import { KafkaJSDeleteGroupsError, KafkaJSNonRetriableError, KafkaJSNotImplemented } from '../errors/index.js'
import { createProtocolError } from '../errors/protocol-errors.js'
import { describeGroup } from '../group/describe.js'
import { MEMBERS } from '../group/member-record.js'
import { mapConcurrently } from '../util/concurrency.js'
import type { Admin } from './calls.js'
import type { AdminSession } from './session.js'

/** Consumer groups, as the checkpoint store shows them. */
export function createGroupCalls(session: AdminSession): Pick<Admin, 'listGroups' | 'describeGroups' | 'deleteGroups'> {
  const groupStore = async (method: string) => ({
    store: await session.store(method),
    namespace: (await session.transport()).address.storeNamespace,
  })

  const stateOf = async (groupId: string) => {
    const { store, namespace } = await groupStore('describeGroups')
    const { state } = await session.request('DescribeGroups', () => describeGroup(store, namespace, groupId))
    return state
  }

  return {
    async listGroups() {
      const { store, namespace } = await groupStore('listGroups')
      if (!store.listGroups) throw lacks('listGroups', 'listGroups')
      const stored = await session.request('ListGroups', async () => (await store.listGroups?.(namespace)) ?? [])
      const groups = await mapConcurrently(stored, async ({ consumerGroup, eventHubNames }) => {
        // What is left of members who have gone is no group.
        const isKnown = eventHubNames.some((name) => name !== MEMBERS) || (await stateOf(consumerGroup)) !== 'Dead'
        return isKnown ? [{ groupId: consumerGroup, protocolType: 'consumer' }] : []
      })
      return { groups: groups.flat() }
    },

    async describeGroups(groupIds) {
      checkGroupIds(groupIds)
      const ids = [...groupIds]
      const { store, namespace } = await groupStore('describeGroups')
      const groups = await mapConcurrently(ids, (groupId) =>
        session.request('DescribeGroups', () => describeGroup(store, namespace, groupId)),
      )
      return { groups }
    },

    async deleteGroups(groupIds) {
      checkGroupIds(groupIds)
      if (groupIds.length === 0) return []
      const { store, namespace } = await groupStore('deleteGroups')
      if (!store.deleteGroup) throw lacks('deleteGroups', 'deleteGroup')

      const results = await mapConcurrently([...new Set(groupIds)], async (groupId) => {
        const state = await stateOf(groupId)
        if (state === 'Dead') return refused(groupId, 'GROUP_ID_NOT_FOUND')
        if (state !== 'Empty') return refused(groupId, 'NON_EMPTY_GROUP')
        await session.request('DeleteGroups', async () => store.deleteGroup?.(namespace, groupId))
        return { groupId, errorCode: 0 }
      })
      const failed = results.flatMap((result) => ('error' in result ? [result] : []))
      if (failed.length > 0)
        throw new KafkaJSDeleteGroupsError(
          `Error in DeleteGroups: ${failed[0]?.groupId}: ${failed[0]?.error.message}`,
          failed,
        )
      return results
    },
  }
}

function checkGroupIds(groupIds: unknown): void {
  if (!groupIds || !Array.isArray(groupIds)) throw new KafkaJSNonRetriableError(`Invalid groupIds array ${groupIds}`)
  // kafkajs says "true" here, whatever the name is.
  const invalid = groupIds.some((groupId) => typeof groupId !== 'string')
  if (invalid) throw new KafkaJSNonRetriableError(`Invalid groupId name: ${invalid}`)
}

function refused(groupId: string, type: string): Required<DeleteGroupsResult> {
  const error = createProtocolError(type)
  return { groupId, errorCode: error.code, error }
}

function lacks(admin: string, method: string): KafkaJSNotImplemented {
  return new KafkaJSNotImplemented(
    `admin.${admin} needs a checkpoint store with the method ${method}(), which this one lacks: use a store of this package, or add the method`,
  )
}
