import { expect, it } from 'vitest'
import { HeldEvents } from '../../../../src/consumer/partition/held-events.js'
import type { ReceivedEvent } from '../../../../src/translate/event.js'

const events = (...numbers: number[]) => numbers.map((sequenceNumber) => ({ sequenceNumber }) as ReceivedEvent)
const numbersOf = (held: HeldEvents) => held.take().map(({ sequenceNumber }) => sequenceNumber)

it('hands over what is not done with, forth and back', () => {
  const held = new HeldEvents(events(5, 6, 7, 8), true)
  expect(held.isTaken).toBe(false)
  expect(numbersOf(held)).toEqual([5, 6, 7, 8])
  expect([held.isTaken, held.first, held.size, held.end]).toEqual([true, true, 4, 9])
  expect(held.goTo(7)).toBe(true)
  expect(numbersOf(held)).toEqual([7, 8])
  expect([held.first, held.size]).toEqual([false, 2])
  expect(held.goTo(5)).toBe(true)
  expect(numbersOf(held)).toEqual([5, 6, 7, 8])
})

it('stays where it is for a number that is not among them', () => {
  const held = new HeldEvents(events(5, 6, 7), false)
  held.goTo(6)
  expect([held.goTo(4), held.goTo(8)]).toEqual([false, false])
  expect(numbersOf(held)).toEqual([6, 7])
})

it('goes to the next there is where a number is missing', () => {
  const held = new HeldEvents(events(5, 9, 20), false)
  expect(held.goTo(10)).toBe(true)
  expect(numbersOf(held)).toEqual([20])
})

it('forgets what is done with when more is added', () => {
  const held = new HeldEvents(events(5, 6, 7), false)
  held.goTo(7)
  held.add(events(8, 9))
  expect(numbersOf(held)).toEqual([7, 8, 9])
  expect([held.goTo(6), held.end]).toEqual([false, 10])
})
