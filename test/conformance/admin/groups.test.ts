import { describe, expect, it } from 'vitest'
import {
  AssignerProtocol,
  type Consumer,
  Kafka,
  KafkaJSDeleteGroupsError,
  KafkaJSProtocolError,
} from '../../../src/index.js'
import { disposable } from '../../support/disposable.js'
import { eventually } from '../../support/eventually.js'
import { openTarget, type Target } from '../../support/harness.js'

const GROUP = () => `group-${crypto.randomUUID().slice(0, 8)}`

/** A member of a group that has joined. */
async function join(
  target: Target,
  groupId: string,
  topic: string,
  clientId = 'member',
): Promise<Consumer & AsyncDisposable> {
  const consumer = disposable(
    new Kafka(target.config({ clientId })).consumer({
      groupId,
      heartbeatInterval: 100,
      maxWaitTimeInMs: 100,
    }),
  )
  const joined = new Promise((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, resolve)
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
  })
  await consumer.subscribe({ topics: [topic] })
  await consumer.run({ eachMessage: async () => undefined })
  await joined
  return consumer
}

describe('listGroups', () => {
  it('names groups that have members or offsets', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const [reading, stored] = [GROUP(), GROUP()]
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.setOffsets({ groupId: stored, topic, partitions: [{ partition: 0, offset: '1' }] })
    await using _member = await join(target, reading, topic)
    const { groups } = await admin.listGroups()
    expect(groups).toEqual(
      expect.arrayContaining([
        { groupId: reading, protocolType: 'consumer' },
        { groupId: stored, protocolType: 'consumer' },
      ]),
    )
  })
})

describe('a group whose members have gone', () => {
  it('is listed for as long as it is known', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupId = GROUP()
    await using admin = disposable(new Kafka(target.config()).admin())
    {
      await using _member = await join(target, groupId, topic)
      expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: 'consumer' })
    }
    const { groups } = await admin.describeGroups([groupId])
    const { groups: listed } = await admin.listGroups()
    expect(listed.some((group) => group.groupId === groupId)).toBe(groups[0]?.state !== 'Dead')
  })
})

describe('describeGroups', () => {
  it('shows members, and their assignments in the wire format of Kafka', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 4 })
    const groupId = GROUP()
    await using admin = disposable(new Kafka(target.config()).admin())
    await using _first = await join(target, groupId, topic, 'first')
    await using _second = await join(target, groupId, topic, 'second')
    const group = await eventually(async () => {
      const { groups } = await admin.describeGroups([groupId])
      expect(groups[0]).toMatchObject({ state: 'Stable', members: [{}, {}] })
      const partitions = groups[0]?.members.map(({ memberAssignment }) => {
        const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment)
        return decoded?.assignment[topic]?.length
      })
      expect(partitions).toEqual([2, 2])
      return groups[0]
    })
    expect(group).toMatchObject({
      errorCode: 0,
      groupId,
      protocol: 'RoundRobinAssigner',
      protocolType: 'consumer',
      state: 'Stable',
    })
    expect(group?.members.map(({ clientId }) => clientId).sort()).toEqual(['first', 'second'])
    for (const { memberId, clientId, memberMetadata } of group?.members ?? []) {
      expect(memberId).toMatch(new RegExp(`^${clientId}-`))
      expect(AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics).toEqual([topic])
    }
  })

  it('tells what is unknown, what is empty, and several at once', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const [unknown, empty] = [GROUP(), GROUP()]
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.setOffsets({ groupId: empty, topic, partitions: [{ partition: 0, offset: '1' }] })
    const none = { errorCode: 0, members: [], protocol: '' }
    expect(await admin.describeGroups([unknown, empty])).toEqual({
      groups: [
        { ...none, groupId: unknown, protocolType: '', state: 'Dead' },
        { ...none, groupId: empty, protocolType: 'consumer', state: 'Empty' },
      ],
    })
    expect(await admin.describeGroups([])).toEqual({ groups: [] })
  })
})

it.each(['describeGroups', 'deleteGroups'] as const)('%s rejects what is no list of names', async (method) => {
  await using target = await openTarget()
  await using admin = disposable(new Kafka(target.config()).admin())
  const call = (groupIds: unknown) => admin[method](groupIds as string[])
  await expect(call(undefined)).rejects.toMatchObject({ message: 'Invalid groupIds array undefined' })
  await expect(call('abc')).rejects.toMatchObject({ message: 'Invalid groupIds array abc' })
  await expect(call(['a', 5])).rejects.toMatchObject({ message: 'Invalid groupId name: true' })
})

describe('deleteGroups', () => {
  it('has nothing to do for no groups', async () => {
    await using target = await openTarget()
    await using admin = disposable(new Kafka(target.config()).admin())
    expect(await admin.deleteGroups([])).toEqual([])
  })

  it('deletes', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const groupIds = [GROUP(), GROUP()]
    await using admin = disposable(new Kafka(target.config()).admin())
    for (const groupId of groupIds) {
      await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] })
    }
    expect(await admin.deleteGroups(groupIds)).toEqual(groupIds.map((groupId) => ({ groupId, errorCode: 0 })))
    const { groups } = await admin.listGroups()
    expect(groups.map(({ groupId }) => groupId)).not.toEqual(expect.arrayContaining([groupIds[0]]))
    const [offsets] = await admin.fetchOffsets({ groupId: groupIds[0] as string, topics: [topic] })
    expect(offsets?.partitions).toEqual([{ partition: 0, offset: '-1', metadata: null }])
  })

  it('says which it could not delete, and deletes the others', async () => {
    await using target = await openTarget()
    const topic = await target.createTopic({ partitions: 1 })
    const [reading, empty, unknown] = [GROUP(), GROUP(), GROUP()]
    await using admin = disposable(new Kafka(target.config()).admin())
    await admin.setOffsets({ groupId: empty, topic, partitions: [{ partition: 0, offset: '1' }] })
    {
      await using _member = await join(target, reading, topic)
      const error = await admin.deleteGroups([reading, empty, unknown]).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(KafkaJSDeleteGroupsError)
      const { message, groups } = error as KafkaJSDeleteGroupsError
      expect(message).toMatch(/^Error in DeleteGroups: ./)
      expect(groups.map(({ groupId, errorCode, error: { type = '' } = {} }) => [groupId, errorCode, type])).toEqual([
        [reading, 68, 'NON_EMPTY_GROUP'],
        [unknown, 69, 'GROUP_ID_NOT_FOUND'],
      ])
      expect(groups[0]?.error).toBeInstanceOf(KafkaJSProtocolError)
      expect((await admin.describeGroups([empty])).groups[0]?.state).toBe('Dead')
    }
  })
})
