import { expect, it } from 'vitest'
import { createReadingGroups } from '../../../src/group/reading-groups.js'
import { createLogger } from '../../../src/instrumentation/logger.js'
import type { ConsumerGroupChoice, LogEntry } from '../../../src/types/index.js'

function open(choice: ConsumerGroupChoice, { groupId = 'billing', create = async () => true } = {}) {
  const log: LogEntry[] = []
  const created: string[] = []
  const groups = createReadingGroups({
    choice,
    groupId,
    create(topic, consumerGroup) {
      created.push(`${topic}/${consumerGroup}`)
      return create()
    },
    logger: createLogger({ level: 4, logCreator: () => (entry) => log.push(entry) }),
  })
  return { groups, log, created }
}

const own = { consumerGroup: 'billing', ownerLevel: 0 }
const shared = { consumerGroup: '$Default' }

it("'auto' begins with the group's own, with an epoch, and falls back topic by topic, told once", async () => {
  const { groups, log } = open('auto')
  expect(groups.of('t')).toEqual(own)
  expect(await groups.notFound('t', 'billing')).toBe(true)
  expect([groups.of('t'), groups.of('u')]).toEqual([shared, own])
  expect(await groups.notFound('u', 'billing')).toBe(true)
  expect(log).toHaveLength(1)
  // Another partition that met the same a moment ago just tries again.
  expect(await groups.notFound('t', 'billing')).toBe(true)
  // $Default itself is always there: it must be something else.
  expect(await groups.notFound('t', '$Default')).toBe(false)
})

it("'auto' reads $Default for a group id that no consumer group can have", () => {
  expect(open('auto', { groupId: 'with blanks' }).groups.of('t')).toEqual(shared)
  expect(open('auto', { groupId: 'x'.repeat(51) }).groups.of('t')).toEqual(shared)
})

it.each(['$Default', '$default'])('reads %s without an epoch, which would shut other groups out', (groupId) => {
  expect(open('auto', { groupId }).groups.of('t')).toEqual(shared)
  expect(open(() => groupId).groups.of('t')).toEqual(shared)
})

it("'$Default' is read by every group", () => {
  expect(open('$Default').groups.of('t')).toEqual(shared)
})

it("'dedicated' makes the consumer group, once for all partitions that miss it at once", async () => {
  const { groups, created } = open('dedicated')
  const answers = await Promise.all([groups.notFound('t', 'billing'), groups.notFound('t', 'billing')])
  expect(answers).toContain(true)
  expect(created).toEqual(['t/billing'])
  expect(groups.of('t')).toEqual(own)
})

it("'dedicated' tries again where making it failed, and says what to do where it is not possible", async () => {
  let failing = true
  const { groups } = open('dedicated', {
    async create() {
      if (failing) throw new Error('busy')
      return true
    },
  })
  await expect(groups.notFound('t', 'billing')).rejects.toThrow('busy')
  failing = false
  expect(await groups.notFound('t', 'billing')).toBe(true)
  await expect(open('dedicated', { create: async () => false }).groups.notFound('t', 'billing')).rejects.toMatchObject({
    type: 'GROUP_ID_NOT_FOUND',
    message: expect.stringContaining('az eventhubs eventhub consumer-group create'),
  })
})

it("'dedicated' refuses a group id that no consumer group can have", () => {
  expect(() => open('dedicated', { groupId: 'with blanks' })).toThrow('use another groupId')
})

it('a function names it; what is missing then is an error', async () => {
  const { groups } = open((groupId, topic) => `${groupId}-${topic}`)
  expect(groups.of('t')).toEqual({ consumerGroup: 'billing-t', ownerLevel: 0 })
  await expect(groups.notFound('t', 'billing-t')).rejects.toMatchObject({ type: 'GROUP_ID_NOT_FOUND' })
})
