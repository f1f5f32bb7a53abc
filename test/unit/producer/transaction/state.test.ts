import { describe, expect, it } from 'vitest'
import { createTransactionFence } from '../../../../src/producer/transaction/fence.js'
import { type TransactionState, TransactionStateMachine } from '../../../../src/producer/transaction/state.js'

const states: TransactionState[] = ['UNINITIALIZED', 'READY', 'TRANSACTING', 'COMMITTING', 'ABORTING']
const paths: Record<TransactionState, TransactionState[]> = {
  UNINITIALIZED: [],
  READY: ['READY'],
  TRANSACTING: ['READY', 'TRANSACTING'],
  COMMITTING: ['READY', 'TRANSACTING', 'COMMITTING'],
  ABORTING: ['READY', 'TRANSACTING', 'ABORTING'],
}
const legal = new Set([
  'UNINITIALIZED READY',
  'READY TRANSACTING',
  'TRANSACTING COMMITTING',
  'TRANSACTING ABORTING',
  'COMMITTING READY',
  'COMMITTING TRANSACTING',
  'ABORTING READY',
])

describe('the states of a transactional producer', () => {
  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
    const machine = new TransactionStateMachine()
    for (const state of paths[from]) machine.transitionTo(state)
    if (legal.has(`${from} ${to}`)) {
      machine.transitionTo(to)
      expect(machine.state).toBe(to)
    } else {
      expect(() => machine.transitionTo(to)).toThrow(
        `Transaction state exception: Invalid transition ${from} --> ${to}`,
      )
      expect(machine.state).toBe(from)
    }
  })
})

describe('a claim to a transactional id', () => {
  it('is lost to a later one of the same id, and to no other', () => {
    const [older, newer, other] = [
      createTransactionFence('a'),
      createTransactionFence('a'),
      createTransactionFence('b'),
    ]
    older.claim()
    other.claim()
    expect(older.isFenced).toBe(false)
    newer.claim()
    expect([older.isFenced, newer.isFenced, other.isFenced]).toEqual([true, false, false])
    older.release()
    expect(newer.isFenced).toBe(false)
    newer.release()
    expect(older.isFenced).toBe(false)
    other.release()
  })
})
