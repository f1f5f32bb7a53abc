import { describe, expect, test } from 'vitest'
import { toServiceError } from '../../src/emulator/amqp/refusals.js'
import { RefusedError } from '../../src/emulator/model/errors.js'
import type { IncomingEvent } from '../../src/emulator/model/event.js'
import { IdempotentProducers } from '../../src/emulator/model/idempotent-producers.js'

/** What AMQP's clients are told when a step is refused. */
function refusalOf(step: () => unknown) {
  try {
    step()
  } catch (error) {
    expect(error).toBeInstanceOf(RefusedError)
    return toServiceError(error, { host: 'localhost' })
  }
  throw new Error('it was not refused')
}

const event = (producerId: number, epoch: number, sequenceNumber: number) =>
  [{ producer: { producerId, epoch, sequenceNumber } }] as unknown as IncomingEvent[]

describe('an idempotent producer hears in the service’s words', () => {
  test('that another one has taken its place', () => {
    const producers = new IdempotentProducers()
    const { producerId } = producers.open({})
    producers.admit(event(producerId, 0, 1))
    producers.open({ producerId, epoch: 1, sequenceNumber: 1 })
    expect(refusalOf(() => producers.admit(event(producerId, 0, 2)))).toMatchObject({
      condition: 'com.microsoft:producer-epoch-stolen',
      description: expect.stringContaining('Received:0 Current:1'),
    })
  })

  test('that its numbers are old', () => {
    const producers = new IdempotentProducers()
    const { producerId } = producers.open({})
    for (let i = 1; i <= 5; i++) producers.admit(event(producerId, 0, i))
    producers.open({ producerId, sequenceNumber: 1 })
    const six = [...event(producerId, 1, 2), ...event(producerId, 1, 3)]
    expect(refusalOf(() => producers.admit(six))).toMatchObject({
      condition: 'com.microsoft:out-of-order-sequence',
      description: expect.stringContaining('old sequence'),
    })
  })

  test('that its state makes no sense', () => {
    expect(refusalOf(() => new IdempotentProducers().open({ epoch: -1 }))).toMatchObject({
      condition: 'com.microsoft:argument-out-of-range',
      description: expect.stringContaining(
        'Invalid range for idempotent producer state. Producer Id, Epoch, and Sequence Number must be zero or positive.',
      ),
    })
  })
})
