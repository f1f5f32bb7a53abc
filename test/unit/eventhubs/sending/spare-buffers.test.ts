import { expect, it } from 'vitest'
import { encodedSize } from '../../../../src/eventhubs/sending/encoding.js'
import { SpareBuffers } from '../../../../src/eventhubs/sending/spare-buffers.js'
import { Transfer } from '../../../../src/eventhubs/sending/transfer.js'
import { eventOf } from '../open-transport.js'

function filled(buffers: SpareBuffers, text: string): Transfer {
  const transfer = new Transfer(1_048_576, { buffers })
  const event = eventOf(text)
  expect(transfer.tryAdd(event, encodedSize(event))).toBe(true)
  return transfer
}

it('has the next transfer use the room of one that is stored', () => {
  const buffers = new SpareBuffers()
  const first = filled(buffers, 'a'.repeat(20_000))
  const room = first.sent().buffer
  first.stored()
  const second = filled(buffers, 'b'.repeat(10_000))
  expect(second.bytes.buffer).toBe(room)
  expect(String(second.bytes)).toContain('b'.repeat(10_000))
  expect(String(second.bytes)).not.toContain('a')
})

it('leaves one alone that was sent twice: the first may still wait for a link that is lost', () => {
  const buffers = new SpareBuffers()
  const first = filled(buffers, 'a'.repeat(20_000))
  const waiting = first.sent()
  first.sent()
  first.stored()
  const second = filled(buffers, 'b'.repeat(20_000))
  expect(second.bytes.buffer).not.toBe(waiting.buffer)
  expect(String(waiting)).toContain('a'.repeat(20_000))
})

it('keeps two megabytes at most', () => {
  const buffers = new SpareBuffers()
  const size = 512 * 1024
  const given = Array.from({ length: 5 }, (): Buffer => Buffer.alloc(size))
  for (const buffer of given) buffers.give(buffer)
  const taken = Array.from({ length: 5 }, () => buffers.take(size))
  expect(taken.filter((buffer) => given.includes(buffer))).toHaveLength(4)
})
