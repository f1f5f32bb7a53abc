import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createFileStore, fileCheckpointStore } from '../../../../src/checkpoint/file/file.js'
import { LARGEST_READ } from '../../../../src/checkpoint/file/framed-records.js'
import type { CheckpointStore } from '../../../../src/types/checkpoint-store.js'

const root = await mkdtemp(join(tmpdir(), 'file-damage-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const key = { fullyQualifiedNamespace: 'ns', eventHubName: 'orders', consumerGroup: 'billing' }
const args = ['ns', 'orders', 'billing'] as const
const at = (sequenceNumber: number, partitionId = '0') => ({
  ...key,
  partitionId,
  sequenceNumber,
  offset: `${sequenceNumber}`,
})

let directory: string
let group: string
let store: CheckpointStore
beforeEach(async () => {
  directory = await mkdtemp(join(root, 'store-'))
  group = join(directory, 'ns', 'billing')
  store = fileCheckpointStore(directory)
})

const currentLog = async () => {
  const logs = (await readdir(group)).filter((file) => file.endsWith('.log'))
  expect(logs).toHaveLength(1)
  return join(group, logs[0] ?? '')
}

describe('a file store', () => {
  it('passes over a torn line, whoever wrote it, and goes on behind it', async () => {
    await store.updateCheckpoint(at(1))
    const [claimed] = await store.claimOwnership([{ ...key, partitionId: '0', ownerId: 'a' }])
    await appendFile(await currentLog(), '\n0badc0de {"id":"x","changes":[{"op":"commit","hub":"ord')
    const other = fileCheckpointStore(directory)
    expect(await other.listCheckpoints(...args)).toEqual([at(1)])
    await store.updateCheckpoint(at(2))
    await other.updateCheckpoint(at(3, '1'))
    for (const each of [store, other, fileCheckpointStore(directory)]) {
      expect(await each.listCheckpoints(...args)).toEqual([at(2), at(3, '1')])
    }
    expect(await other.claimOwnership([{ ...claimed!, ownerId: 'b' }])).toHaveLength(1)
  })

  it('reads every prefix of its log: a write that was cut off anywhere is there or not', async () => {
    for (let i = 0; i < 5; i++) await store.updateCheckpoint(at(i))
    const log = await currentLog()
    const { size } = await stat(log)
    let last = 4
    for (let length = size; length > 0; length -= 7) {
      await truncate(log, length)
      const [checkpoint] = await fileCheckpointStore(directory).listCheckpoints(...args)
      const read = checkpoint?.sequenceNumber ?? -1
      expect(last - read === 0 || last - read === 1).toBe(true)
      last = read
    }
    expect(last).toBe(-1)
  })

  it('passes over lines changed afterwards, and binary trash', async () => {
    await store.updateCheckpoint(at(1))
    await store.updateCheckpoint(at(2))
    const log = await currentLog()
    const text = await readFile(log, 'utf8')
    await writeFile(log, text.replace('"sequenceNumber":2', '"sequenceNumber":9'))
    await appendFile(log, Buffer.from([0, 0, 0, 0xff, 0xfe, 0x0a, 0x0d, 0x0a, 0]))
    await appendFile(join(group, 'chain'), 'trash\n\n{"number":99}\n00000000 {"number":99,"file":"99-aa.log"}\n')
    const other = fileCheckpointStore(directory)
    expect(await other.listCheckpoints(...args)).toEqual([at(1)])
    await other.updateCheckpoint(at(3))
    expect(await fileCheckpointStore(directory).listCheckpoints(...args)).toEqual([at(3)])
  })

  it('does not read a log larger than it can have become into memory', async () => {
    await store.updateCheckpoint(at(1))
    const log = await currentLog()
    // A hole, which takes no room on the disk.
    await truncate(log, 2 * LARGEST_READ)
    await expect(fileCheckpointStore(directory).listCheckpoints(...args)).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      message: expect.stringContaining(`more than the ${LARGEST_READ} that are read`),
    })
  })

  it('leaves files and directories of others alone', async () => {
    await store.updateCheckpoint(at(1))
    await writeFile(join(directory, 'notes.txt'), 'hello')
    await writeFile(join(directory, 'ns', '.DS_Store'), 'hello')
    await mkdir(join(directory, 'ns', 'empty'))
    await mkdir(join(directory, 'ns', '%zz%'))
    await writeFile(join(group, '0-abc.log.bak'), 'hello')
    await writeFile(join(group, 'x-1.log'), 'hello')
    const short = createFileStore(directory, { maxLogBytes: 500 })
    for (let i = 2; i < 30; i++) await short.updateCheckpoint(at(i))
    expect(await store.listCheckpoints(...args)).toEqual([at(29)])
    expect(await store.listGroups!('ns')).toEqual([{ consumerGroup: 'billing', eventHubNames: ['orders'] }])
    expect(await readdir(group)).toEqual(expect.arrayContaining(['0-abc.log.bak', 'x-1.log', 'chain']))
    expect(await readdir(group)).toHaveLength(4)
  })

  it('finishes what a process left that was killed in a succession', async () => {
    const short = createFileStore(directory, { maxLogBytes: 500 })
    for (let i = 0; i < 30; i++) await short.updateCheckpoint(at(i))
    const number = Number((await currentLog()).match(/(\d+)-\w+\.log$/)?.[1])
    // Proposals: one that lost long ago, one for the next succession that was never named.
    await writeFile(join(group, `${number}-00.log`), 'half a prop')
    await writeFile(join(group, `${number + 1}-00.log`), 'half a prop')
    // The seal, but no successor.
    const sealed = '{"seal":true}'
    const { crc32 } = await import('node:zlib')
    await appendFile(await namedLog(), `\n${crc32(sealed).toString(16).padStart(8, '0')} ${sealed}\n`)
    expect(await fileCheckpointStore(directory).listCheckpoints(...args)).toEqual([at(29)])
    await fileCheckpointStore(directory).updateCheckpoint(at(30))
    expect(await short.listCheckpoints(...args)).toEqual([at(30)])
    expect((await readdir(group)).filter((file) => file !== 'chain')).toEqual([
      expect.stringMatching(new RegExp(`^${number + 1}-[0-9a-f]{16}\\.log$`)),
    ])
  })

  it('does not begin anew when what it was writing to is gone', async () => {
    await store.updateCheckpoint(at(1))
    await rename(directory, `${directory}-away`)
    const vanished = { name: 'KafkaJSError', retriable: true, message: expect.stringContaining(directory) }
    await expect(store.updateCheckpoint(at(2))).rejects.toMatchObject(vanished)
    await expect(store.listCheckpoints(...args)).rejects.toMatchObject(vanished)
    await rename(`${directory}-away`, directory)
    await store.updateCheckpoint(at(3))
    expect(await fileCheckpointStore(directory).listCheckpoints(...args)).toEqual([at(3)])
  })

  it('is tried again where it could be written to, and for the moment cannot', async () => {
    await store.updateCheckpoint(at(1))
    const log = await currentLog()
    await rename(log, `${log}.away`)
    await mkdir(log)
    const refused = { message: expect.stringContaining(`${directory} can't be used: EISDIR`) }
    await expect(store.updateCheckpoint(at(2))).rejects.toMatchObject({ name: 'KafkaJSError', ...refused })
    const another = fileCheckpointStore(directory)
    await expect(another.updateCheckpoint(at(2))).rejects.toMatchObject({
      name: 'KafkaJSNonRetriableError',
      ...refused,
    })
    await rmdir(log)
    await rename(`${log}.away`, log)
    await store.updateCheckpoint(at(2))
    expect(await another.listCheckpoints(...args)).toEqual([at(2)])
  })

  it('says so when the current log has been removed', async () => {
    await store.updateCheckpoint(at(1))
    await rm(await currentLog())
    for (const each of [store, fileCheckpointStore(directory)]) {
      const missing = {
        name: 'KafkaJSNonRetriableError',
        message: expect.stringMatching(/1-[0-9a-f]+\.log is missing/),
      }
      await expect(each.listCheckpoints(...args)).rejects.toMatchObject(missing)
      await expect(each.updateCheckpoint(at(2))).rejects.toMatchObject(missing)
    }
  })

  it('refuses a place that is no directory', async () => {
    await writeFile(join(directory, 'file'), '')
    await symlink('loop', join(directory, 'loop'))
    for (const name of ['file', 'loop']) {
      const refused = { name: 'KafkaJSNonRetriableError', message: expect.stringContaining(join(directory, name)) }
      const wrong = fileCheckpointStore(join(directory, name))
      await expect(wrong.updateCheckpoint(at(1))).rejects.toMatchObject(refused)
    }
    for (const none of ['', undefined as unknown as string]) {
      expect(() => fileCheckpointStore(none)).toThrow(expect.objectContaining({ name: 'KafkaJSNonRetriableError' }))
    }
  })

  it('makes nothing by reading', async () => {
    const place = join(directory, 'later')
    const reader = fileCheckpointStore(place)
    expect(await reader.listOwnership(...args)).toEqual([])
    expect(await reader.listCheckpoints(...args)).toEqual([])
    expect(await reader.listGroups!('ns')).toEqual([])
    await reader.deleteGroup!('ns', 'billing')
    await reader.deleteCheckpoint!(...args, '0')
    await expect(stat(place)).rejects.toMatchObject({ code: 'ENOENT' })
    await fileCheckpointStore(place).updateCheckpoint(at(1))
    expect(await reader.listCheckpoints(...args)).toEqual([at(1)])
  })

  it('keeps its log short, and sees through a succession while it reads', async () => {
    const writer = createFileStore(directory, { maxLogBytes: 2000 })
    const reader = fileCheckpointStore(directory)
    for (let i = 0; i < 500; i++) {
      await writer.updateCheckpoint(at(i, String(i % 3)))
      if (i % 7 === 0) expect((await reader.listCheckpoints(...args)).map((one) => one.sequenceNumber)).toContain(i)
    }
    expect((await stat(await currentLog())).size).toBeLessThan(3000)
    expect(await reader.listCheckpoints(...args)).toEqual([at(498), at(499, '1'), at(497, '2')])
  })
})

/** The one that the chain names, where there are proposals beside it. */
async function namedLog(): Promise<string> {
  const lines = (await readFile(join(group, 'chain'), 'utf8')).trim().split('\n')
  return join(group, /[0-9]+-[0-9a-f]+\.log/.exec(lines.at(-1) ?? '')?.[0] ?? '')
}
