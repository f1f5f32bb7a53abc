import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { fileCheckpointStore } from '../../../../src/checkpoint/file/file.js'
import { describeCheckpointStore } from '../contract.js'

const root = await mkdtemp(join(tmpdir(), 'file-store-'))
afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))

const directory = join(root, 'made', 'on demand')
const [store, other] = [fileCheckpointStore(directory), fileCheckpointStore(directory)]
describeCheckpointStore('file store', () => store, { second: () => other })
