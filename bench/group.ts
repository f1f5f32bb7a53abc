import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Partitioners } from 'kafkajs-eventhubs'
import { startChild } from './child.js'
import type { Bench } from './emulator.js'

const PARTITIONS = 12
const ROUNDS = 3

interface Report {
  starting?: boolean
  left?: boolean
  partition?: number
}

const next = async (child: ChildProcess, fits: (report: Report) => boolean): Promise<void> => {
  for (;;) {
    const [report] = (await once(child, 'message')) as [Report]
    if (fits(report)) return
  }
}

/** Resolves when a member has handled messages of that many partitions, counted from now. */
const reads = async (child: ChildProcess, count: number) => {
  const seen = new Set<number>()
  await next(child, ({ partition }) => {
    if (partition !== undefined) seen.add(partition)
    return seen.size >= count
  })
}

/** With default timings: how long partitions go unread when members join, leave and are killed. */
export async function group(bench: Bench): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-group-'))
  const topic = await bench.createEventHub({ partitionCount: PARTITIONS, count: 1000 })
  const producer = bench.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const producing = setInterval(() => {
    const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ value: 'x', partition }))
    producer.send({ topic, messages }).catch(console.error)
  }, 50)
  const given = { connectionString: bench.connectionString, store: `file:${directory}`, topic }
  const timed = async (operation: Promise<void>) => {
    const begun = performance.now()
    await operation
    return (performance.now() - begun) / 1000
  }

  const stays = startChild('./group-member.ts', given)
  await reads(stays, PARTITIONS)
  const joining: number[] = []
  const leaving: number[] = []
  const killed: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const member = startChild('./group-member.ts', given)
    await next(member, ({ starting }) => starting === true)
    joining.push(await timed(reads(member, PARTITIONS / 2)))
    const left = next(member, (report) => report.left === true)
    member.send('leave')
    await left
    leaving.push(await timed(reads(stays, PARTITIONS)))
  }
  for (let round = 0; round < 2; round++) {
    const member = startChild('./group-member.ts', given)
    await reads(member, PARTITIONS / 2)
    member.kill('SIGKILL')
    killed.push(await timed(reads(stays, PARTITIONS)))
  }
  clearInterval(producing)
  const last = next(stays, (report) => report.left === true)
  stays.send('leave')
  await last
  await producer.disconnect()
  await rm(directory, { recursive: true, force: true })

  const worst = (times: number[]) =>
    `${Math.max(...times)
      .toFixed(1)
      .padStart(5)} s`
  console.log(`\ngroup: ${PARTITIONS} partitions, file store, default timings; the longest of ${ROUNDS} (killed: 2)`)
  console.log(`  joining            ${worst(joining)}  from run() to messages of all its partitions`)
  console.log(`  leaving            ${worst(leaving)}  from disconnect() to messages of all its partitions elsewhere`)
  console.log(
    `  killed             ${worst(killed)}  from SIGKILL to messages of all its partitions elsewhere; sessionTimeout is 30 s`,
  )
}
