import { expect, it } from 'vitest'
import { main as customPartitioner } from '../../../examples/custom-partitioner.js'
import { main as headersAndKeys } from '../../../examples/headers-and-keys.js'
import { main as idempotent } from '../../../examples/idempotent.js'
import { main as produce } from '../../../examples/produce.js'
import { main as transaction } from '../../../examples/transaction.js'

/** An example on an emulator of its own, and the lines it prints. */
async function run<T>(
  example: (connectionString: string | undefined, print: (line: string) => void) => Promise<T>,
): Promise<{ result: T; lines: string[] }> {
  const lines: string[] = []
  const result = await example(undefined, (line) => lines.push(line))
  return { result, lines }
}

it('produce sends one, many, many at once and to two topics', async () => {
  const { result, lines } = await run(produce)
  expect(result.one).toMatchObject([{ topicName: 'orders', errorCode: 0 }])
  expect(result.many.map(({ partition }) => partition)).toEqual([0, 1, 2, 3])
  expect(result.batch.map(({ topicName }) => topicName)).toEqual(['orders', 'audit'])
  expect(lines).toHaveLength(4)
})

it('headers-and-keys reads back what it sent', async () => {
  const { result, lines } = await run(headersAndKeys)
  expect(result.map(({ value }) => value?.toString('latin1') ?? null)).toEqual([
    '{"name":"Ada"}',
    '\xca\xfe',
    'yesterday',
    null,
  ])
  expect(result[1]?.headers).toEqual({
    trace: Buffer.from([1, 2, 3]),
    tags: [Buffer.from('new'), Buffer.from('vip')],
  })
  expect(Number(result[2]?.timestamp)).toBeLessThan(Date.now() - 86_000_000)
  expect(lines[3]).toMatch(/\(deleted\)/)
})

it('custom-partitioner keeps partition 0 for what is urgent', async () => {
  const { result } = await run(customPartitioner)
  expect(result).toEqual({ urgent: [0], others: [1, 2, 3] })
})

it('idempotent leaves one copy where another producer leaves two', async () => {
  const { result } = await run(idempotent)
  expect(result).toEqual({ once: 100, atLeastOnce: 200 })
})

it('transaction leaves one invoice per order, and commits the offsets with them', async () => {
  const { result, lines } = await run(transaction)
  const expected = [1, 2, 3, 4, 5].map((n) => `invoice over ${n}00 EUR`)
  expect(result.invoices.toSorted((a, b) => a.localeCompare(b))).toEqual(expected)
  const committed =
    result.committed[0]?.partitions.map(({ offset }) => Number(offset)).filter((offset) => offset > 0) ?? []
  expect(committed.reduce((sum, offset) => sum + offset, 0)).toBe(5)
  expect(lines).toContain('order-3 aborted: the printer is on fire')
})
