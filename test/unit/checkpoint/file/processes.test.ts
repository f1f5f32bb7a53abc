import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createFileStore } from '../../../../src/checkpoint/file/file.js'
import type { PartitionOwnership } from '../../../../src/types/checkpoint-store.js'
import { type ChildProgram, type ReportLine, startProgram } from '../../../support/processes.js'
import type { WorkerCommand } from '../../../support/programs/store-worker.js'

const root = await mkdtemp(join(tmpdir(), 'file-processes-'))
afterAll(() => rm(root, { recursive: true, force: true }))

type Report = ReportLine & { sequenceNumber: number; lost: number; etag: string; won: PartitionOwnership | null }
type Worker = ChildProgram<Report> & { order(command: WorkerCommand): void }

/** So short that every test goes through many successions of the log. */
const MAX_LOG_BYTES = 8_000
const key = { fullyQualifiedNamespace: 'ns', eventHubName: 'orders', consumerGroup: 'billing' }
const args = ['ns', 'orders', 'billing'] as const

const openStore = (directory: string) => createFileStore(directory, { maxLogBytes: MAX_LOG_BYTES })

async function startWorker(directory: string, maxLogBytes = MAX_LOG_BYTES): Promise<Worker> {
  const env = { STORE_DIRECTORY: directory, STORE_MAX_LOG_BYTES: String(maxLogBytes) }
  const program = startProgram<Report>(new URL('../../../support/programs/store-worker.ts', import.meta.url), { env })
  await program.waitFor(({ type }) => type === 'ready')
  return Object.assign(program, { order: (command: WorkerCommand) => program.send(command) })
}

const startWorkers = (count: number, directory: string) =>
  Promise.all(Array.from({ length: count }, () => startWorker(directory)))
const end = (workers: readonly Worker[]) => Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))

/** Everything in the group's directory: the chain, and the logs there are. */
const logsIn = async (directory: string) => {
  const files = await readdir(join(directory, 'ns', 'billing'))
  return files.filter((file) => file !== 'chain')
}

describe('several processes on one file store', () => {
  it('of those that claim with the same etag, one wins each round', async () => {
    const directory = join(root, 'claims')
    const workers = await startWorkers(4, directory)
    try {
      let ownership: PartitionOwnership = { ...key, partitionId: '0', ownerId: '' }
      for (let round = 0; round < 60; round++) {
        const etag = ownership.etag ?? ''
        workers.forEach((worker, i) => {
          worker.order({ do: 'claim', ownership: { ...ownership, ownerId: `worker-${i}` } })
        })
        const answers = await Promise.all(
          workers.map((worker) => worker.waitFor((line) => line.type === 'claimed' && line.etag === etag)),
        )
        const won = answers.flatMap((answer) => answer.won ?? [])
        expect(won).toHaveLength(1)
        ownership = won[0] as PartitionOwnership
        expect(await openStore(directory).listOwnership(...args)).toEqual([ownership])
      }
    } finally {
      await end(workers)
    }
  })

  it('that add to one number lose no addition, even when they sleep now and then', async () => {
    const directory = join(root, 'count')
    const workers = await startWorkers(4, directory)
    try {
      const times = 300
      for (const worker of workers) worker.order({ do: 'count', partitionId: '0', times })
      const done = Promise.all(workers.map((worker) => worker.waitFor(({ type }) => type === 'counted', 50_000)))
      let finished = false
      const settled = done.finally(() => {
        finished = true
      })
      settled.catch(() => undefined)
      // One after the other is stopped in the midst of whatever it does while the others go on.
      for (let i = 0; !finished; i = (i + 1) % workers.length) {
        workers[i]?.kill('SIGSTOP')
        await new Promise((resolve) => setTimeout(resolve, 40))
        workers[i]?.kill('SIGCONT')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      const reports = await settled
      const [ownership] = await openStore(directory).listOwnership(...args)
      expect(Number(ownership?.ownerId)).toBe(workers.length * times)
      // It was a race.
      expect(reports.reduce((sum, { lost }) => sum + lost, 0)).toBeGreaterThan(0)
    } finally {
      await end(workers)
    }
  })

  it('that are killed leave the old or the new state, and nothing behind', async () => {
    const directory = join(root, 'kill')
    const store = openStore(directory)
    const partitions = ['0', '1', '2']
    const next = new Map(partitions.map((partitionId) => [partitionId, 0]))
    for (let round = 0; round < 6; round++) {
      const workers = await startWorkers(partitions.length, directory)
      try {
        partitions.forEach((partitionId, i) => {
          workers[i]?.order({ do: 'write for ever', partitionId, from: next.get(partitionId) ?? 0 })
        })
        // Each at another instant, all within what the others are writing.
        await Promise.all(
          workers.map(async (worker, i) => {
            const first = next.get(String(i)) ?? 0
            await worker.waitFor((line) => line.type === 'written' && line.sequenceNumber >= first + 20 + round * 7 + i)
            worker.kill('SIGKILL')
            await worker.ended
          }),
        )
        const checkpoints = await store.listCheckpoints(...args)
        const owners = await store.listOwnership(...args)
        expect(checkpoints).toHaveLength(partitions.length)
        for (const [i, partitionId] of partitions.entries()) {
          const lines = workers[i]?.lines ?? []
          const begun = lines.findLast(({ type }) => type === 'writing')?.sequenceNumber ?? -1
          const written = lines.findLast(({ type }) => type === 'written')
          const acknowledged = written?.sequenceNumber ?? -1
          const stored = checkpoints.find((one) => one.partitionId === partitionId)
          expect(stored?.offset).toBe(String(stored?.sequenceNumber))
          expect([acknowledged, begun]).toContain(stored?.sequenceNumber)
          const owner = owners.find((one) => one.partitionId === partitionId)
          expect([String(acknowledged), String(begun)]).toContain(owner?.ownerId)
          if (owner?.ownerId === String(acknowledged)) expect(owner.etag).toBe(written?.etag)
          next.set(partitionId, begun + 1)
        }
      } finally {
        await end(workers)
      }
    }
    // Whatever they left unfinished has been tidied up by the next succession.
    for (let i = 0; i < 200; i++) {
      await store.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: i, offset: `${i}` })
    }
    expect(await logsIn(directory)).toHaveLength(1)
  })

  it('write ten thousand checkpoints, and keep one log', async () => {
    const directory = join(root, 'commits')
    const workers = await startWorkers(4, directory)
    try {
      workers.forEach((worker, i) => {
        const partitions = [0, 1, 2, 3, 4].map((n) => String(i * 5 + n))
        worker.order({ do: 'commit', partitions, times: 500 })
      })
      const reader = openStore(directory)
      const seen = new Map<string, number>()
      let finished = false
      const done = Promise.all(workers.map((worker) => worker.waitFor(({ type }) => type === 'committed', 50_000)))
      const settled = done.finally(() => {
        finished = true
      })
      settled.catch(() => undefined)
      while (!finished) {
        for (const { partitionId, sequenceNumber } of await reader.listCheckpoints(...args)) {
          expect(sequenceNumber).toBeGreaterThanOrEqual(seen.get(partitionId) ?? 0)
          seen.set(partitionId, sequenceNumber)
        }
        // Lets the workers have the machine.
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await settled
      for (const store of [reader, openStore(directory)]) {
        const checkpoints = await store.listCheckpoints(...args)
        expect(checkpoints.map(({ sequenceNumber }) => sequenceNumber)).toEqual(Array.from({ length: 20 }, () => 499))
      }
      await reader.updateCheckpoint({ ...key, partitionId: '0', sequenceNumber: 500, offset: '500' })
      expect(await logsIn(directory)).toHaveLength(1)
    } finally {
      await end(workers)
    }
  })
})
