import { expect, it } from 'vitest'
import type { PartitionContext } from '../../../../src/consumer/partition/context.js'
import { createPositioning } from '../../../../src/consumer/partition/positioning.js'
import type { PartitionStatus } from '../../../../src/consumer/partition/status.js'
import { createPlaces } from '../../../../src/util/concurrency.js'
import { createDeferred } from '../../../../src/util/deferred.js'

it('asks the service where partitions end for sixteen at a time', async () => {
  const answered = createDeferred()
  const asked = { now: 0, most: 0 }
  const context = {
    fetching: {
      transport: {
        async getPartitionProperties() {
          asked.now++
          asked.most = Math.max(asked.most, asked.now)
          await answered.promise
          asked.now--
          return { isEmpty: false, beginningSequenceNumber: 3, lastEnqueuedSequenceNumber: 9 }
        },
      },
      questions: createPlaces(),
      fromBeginning: () => true,
    },
    progress: { autoCommit: true },
  } as unknown as PartitionContext
  const { signal: ended } = new AbortController()
  const begins = Promise.all(
    Array.from({ length: 1000 }, (_, partition) =>
      createPositioning(context, { topic: 't', partition, ended } as unknown as PartitionStatus).start(undefined),
    ),
  )
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked.now).toBe(16)
  answered.resolve()
  expect(new Set(await begins)).toEqual(new Set([3]))
  expect(asked.most).toBe(16)
})
