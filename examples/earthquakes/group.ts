import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kafka, Partitioners } from 'kafkajs-eventhubs'
import { colour } from './screen.js'

interface Member {
  readonly name: string
  readonly process: ChildProcess
  partitions: readonly number[]
  handled: number
}

type Told = { partitions: number[] } | { partition: number; value: string }

/**
 * A group in processes of its own, while messages keep coming: a second member takes over half of the partitions while the
 * others are read on; then it is killed, and the first takes them back. In the end nothing is missing.
 */
export async function showGroup(kafka: Kafka, connectionString: string): Promise<void> {
  const topic = 'aftershocks'
  const store = `file:${await mkdtemp(join(tmpdir(), 'demo-'))}`
  const admin = kafka.admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: 4 }] })
  await admin.disconnect()

  const handled = new Map<string, number>()
  const start = (name: string): Member => {
    const given = JSON.stringify({ connectionString, store, topic, groupId: 'aftershocks', clientId: name })
    const child = fork(new URL('member.ts', import.meta.url), [given], { execArgv: ['--import', 'tsx'] })
    const member: Member = { name, process: child, partitions: [], handled: 0 }
    child.on('message', (told: Told) => {
      if ('partitions' in told) {
        member.partitions = told.partitions
        console.log(`${colour(name)} reads partitions ${told.partitions.join(', ') || 'none'}`)
      } else {
        member.handled++
        handled.set(told.value, (handled.get(told.value) ?? 0) + 1)
      }
    })
    return member
  }
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  let sent = 0
  let isOver = false
  const producing = (async () => {
    while (!isOver) {
      const messages = [0, 1, 2, 3].map((partition) => ({ partition, value: `${partition}/${sent}` }))
      await producer.send({ topic, messages })
      sent++
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()

  console.log('\nA group of processes, while messages keep coming\n')
  const a = start('member A')
  await until(() => a.partitions.length === 4 && a.handled > 100)
  const b = start('member B')
  await until(() => a.partitions.length === 2 && b.partitions.length === 2)
  const before = handled.size
  await until(() => handled.size > before + 200)
  console.log(`${colour('member B')} is killed, with no chance to say goodbye`)
  b.process.kill('SIGKILL')
  await until(() => a.partitions.length === 4)
  isOver = true
  await producing
  await until(() => handled.size === sent * 4)
  const again = [...handled.values()].filter((times) => times > 1).length
  console.log(`\n${sent * 4} sent, ${handled.size} handled (${again} twice, which B had not committed), none lost`)

  const ended = once(a.process, 'exit')
  a.process.send('leave')
  await Promise.all([ended, producer.disconnect()])
  await rm(store.slice('file:'.length), { recursive: true, force: true })
}
