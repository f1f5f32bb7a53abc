import { mkdir, mkdtemp, open, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { fileCheckpointStore } from '../../../../src/checkpoint/file/file.js'
import { appendRecords } from '../../../../src/checkpoint/file/framed-records.js'

const root = await mkdtemp(join(tmpdir(), 'file-privacy-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const checkpoint = {
  fullyQualifiedNamespace: 'ns',
  eventHubName: 'orders',
  consumerGroup: 'billing',
  partitionId: '0',
  sequenceNumber: 7,
  offset: '700',
}
const args = ['ns', 'orders', 'billing'] as const

let directory: string
let group: string
beforeEach(async () => {
  directory = join(await mkdtemp(join(root, 'store-')), 'checkpoints')
  group = join(directory, 'ns', 'billing')
})

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

it.skipIf(process.platform === 'win32')('what it writes is for its owner alone', async () => {
  await fileCheckpointStore(directory).updateCheckpoint(checkpoint)
  for (const part of [directory, join(directory, 'ns'), group]) expect(await modeOf(part)).toBe('700')
  for (const file of await readdir(group)) expect(await modeOf(join(group, file))).toBe('600')
})

it.skipIf(process.platform === 'win32')('a link in place of its files is not followed', async () => {
  await fileCheckpointStore(directory).updateCheckpoint(checkpoint)
  const outside = join(root, 'outside')
  await rename(join(group, 'chain'), outside)
  await symlink(outside, join(group, 'chain'))
  const listing = fileCheckpointStore(directory).listCheckpoints(...args)
  await expect(listing).rejects.toMatchObject({
    name: 'KafkaJSNonRetriableError',
    message: expect.stringContaining('ELOOP'),
  })
})

it.skipIf(process.platform === 'win32')('a link in place of a directory in it is not followed', async () => {
  const outside = await mkdtemp(join(root, 'outside-'))
  await mkdir(directory, { recursive: true })
  await symlink(outside, join(directory, 'ns'))
  await expect(fileCheckpointStore(directory).updateCheckpoint(checkpoint)).rejects.toMatchObject({
    name: 'KafkaJSNonRetriableError',
    message: expect.stringContaining('is a symbolic link'),
  })
  expect(await readdir(outside)).toEqual([])
})

it('lines of an odd shape are passed over, in the log and in the chain', async () => {
  const store = fileCheckpointStore(directory)
  await store.updateCheckpoint(checkpoint)
  const odd = [
    null,
    0,
    'text',
    [],
    {},
    { changes: 'none' },
    {
      changes: [null, 1, {}, { op: 'commit' }, { op: 'commit', hub: 5, partition: 0, sequenceNumber: 'x', offset: 1 }],
    },
    { changes: [{ op: 'claim', hub: 'orders' }, { op: 'of tomorrow' }], id: 'x' },
    { number: '1', file: 3 },
    { number: 99, file: '../../etc/passwd' },
  ]
  for (const name of await readdir(group)) {
    const file = await open(join(group, name), 'a')
    await appendRecords(file, odd)
    await file.close()
  }
  for (const any of [store, fileCheckpointStore(directory)]) {
    expect((await any.listCheckpoints(...args))[0]).toMatchObject({
      partitionId: '0',
      sequenceNumber: 7,
      offset: '700',
    })
    await any.updateCheckpoint({ ...checkpoint, partitionId: '1' })
  }
  expect(await fileCheckpointStore(directory).listCheckpoints(...args)).toHaveLength(2)
  await writeFile(join(directory, 'note.txt'), 'not a namespace')
  expect(await store.listGroups?.('ns')).toEqual([{ consumerGroup: 'billing', eventHubNames: ['orders'] }])
})
