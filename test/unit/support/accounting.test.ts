import { describe, expect, it } from 'vitest'
import { memoryCheckpointStore } from '../../../src/checkpoint/memory.js'
import { Accounting, watchCommits } from '../../support/accounting.js'

const message = (value: string, offset: number, at: number, partition = 0) =>
  ({ type: 'message', topic: 't', partition, offset: String(offset), key: null, value, at }) as const

describe('the books of a test', () => {
  it('balance when each message was handled once and in order', () => {
    const books = new Accounting()
    for (let i = 0; i < 3; i++) books.produced(`m${i}`)
    expect(books.isComplete).toBe(false)
    // The second member's line arrives first.
    books.take(message('m2', 2, 30), 'b')
    books.take(message('m0', 0, 10), 'a')
    books.take(message('m1', 1, 20), 'a')
    expect(books.isComplete).toBe(true)
    expect(books.close()).toEqual({
      produced: 3,
      handled: 3,
      missing: [],
      unknown: [],
      duplicates: 0,
      duplicated: [],
      outOfOrder: [],
      backwards: [],
      byMember: { a: 2, b: 1 },
    })
  })

  it('show what was lost, invented, repeated or overtaken', () => {
    const books = new Accounting()
    for (let i = 0; i < 4; i++) books.produced(`m${i}`)
    expect(() => books.produced('m0')).toThrow(/value of its own/)
    books.take(message('m1', 1, 10), 'a')
    books.take(message('m0', 0, 20), 'a')
    books.take(message('m2', 2, 30), 'a')
    books.take(message('m1', 1, 40), 'b')
    books.take(message('m2', 2, 50), 'b')
    books.take(message('other', 7, 60, 1), 'b')
    expect(books.close()).toMatchObject({
      missing: ['m3'],
      unknown: ['other'],
      duplicates: 2,
      duplicated: [
        { value: 'm1', members: ['a', 'b'] },
        { value: 'm2', members: ['a', 'b'] },
      ],
      outOfOrder: ['t/0: m0 (0) after m1 (1)'],
    })
  })

  it('show a committed offset that went back', async () => {
    const books = new Accounting()
    const store = memoryCheckpointStore()
    const checkpoint = {
      fullyQualifiedNamespace: 'ns',
      eventHubName: 't',
      consumerGroup: 'g',
      partitionId: '0',
      offset: '',
    }
    const watch = watchCommits({ accounting: books, store, namespace: 'ns', groupId: 'g', topics: ['t'], interval: 1 })
    for (const sequenceNumber of [4, 9, 7, 8]) {
      await store.updateCheckpoint({ ...checkpoint, sequenceNumber })
      await watch.look()
    }
    await watch[Symbol.asyncDispose]()
    expect(books.close().backwards).toEqual(['t/0: 10 → 8'])
    expect(books.lastCommitted('t', 0)).toBe(9)
  })
})
