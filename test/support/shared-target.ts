import { afterAll, beforeAll } from 'vitest'
import type { Emulator, EmulatorOptions } from '../../src/emulator/index.js'
import { openEmulator, openTarget, type Target } from './harness.js'

/** One target for all tests of a file: opened before the first, closed behind the last. */
export const shareTarget = (options?: EmulatorOptions): Target => share(() => openTarget(options))

/** The same for tests that script faults. */
export const shareEmulator = (options?: EmulatorOptions): Target & { readonly emulator: Emulator } =>
  share(() => openEmulator(options))

function share<T extends Target>(open: () => Promise<T>): T {
  let target: T | undefined
  const opened = (): T => {
    if (!target) throw new Error('The target is opened before the first test, not while tests are collected')
    return target
  }
  beforeAll(async () => {
    target = await open()
  })
  afterAll(() => target?.[Symbol.asyncDispose]())
  return {
    config: (overrides) => opened().config(overrides),
    createTopic: (options) => opened().createTopic(options),
    get emulator() {
      return opened().emulator
    },
    [Symbol.asyncDispose]: () => opened()[Symbol.asyncDispose](),
  } as T
}
