import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { extendChain, readChain } from '../../../../src/checkpoint/file/log-chain.js'

let directory: string
let restore: () => void
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chain-'))
  // As files are under Yarn's Plug'n'Play.
  const file = await open(directory, 'r')
  const handles = Object.getPrototypeOf(file) as object
  const sync = Object.getOwnPropertyDescriptor(handles, 'sync') as PropertyDescriptor
  await file.close()
  const value = () => {
    throw new Error('Method not implemented.')
  }
  Object.defineProperty(handles, 'sync', { ...sync, value })
  restore = () => Object.defineProperty(handles, 'sync', sync)
})
afterEach(async () => {
  restore()
  await rm(directory, { recursive: true })
})

it('puts logs on disk where sync() of a file is not implemented', async () => {
  const chosen = await extendChain(directory, 1, Buffer.from(''))
  expect(chosen?.number).toBe(1)
  expect(await readChain(directory)).toEqual(chosen)
})
