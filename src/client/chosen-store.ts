import { checkpointStoreFromString, checkStoreText } from '../checkpoint/from-string.js'
import { sharedMemoryCheckpointStore } from '../checkpoint/memory.js'
import type { KafkaSettings } from '../config/settings.js'
import type { RootLogger } from '../instrumentation/logger.js'
import type { AuthProvider } from '../types/auth-provider.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { CheckpointStoreDiagnostics } from '../types/diagnostics.js'
import { checkAnswers } from './checked-store.js'
import { type CountedStore, countCalls } from './counted-store.js'

/** The checkpoint store of a `Kafka`: `eventHubs.checkpointStore`, and for an emulator without one this process's memory. */
export interface ChosenStore {
  /** Its answers checked, its calls counted. Undefined when there is none. */
  open(isEmulator: boolean): CheckpointStore | undefined
  /** It is the memory of this process. */
  isInMemory(isEmulator: boolean): boolean
  /** Null until it has been opened. */
  diagnostics(): CheckpointStoreDiagnostics | null
}

/** Throws `KafkaJSNonRetriableError` for a store that its text alone tells to be none. */
export function createChosenStore(
  { eventHubs: { checkpointStore: configured } }: KafkaSettings,
  { auth, logger }: { auth(): AuthProvider; logger: RootLogger },
): ChosenStore {
  // Now, not when the first member joins: by then the program is deployed.
  if (typeof configured === 'string') checkStoreText(configured)
  const storeLogger = () => logger.namespace('CheckpointStore')
  let fromString: CheckpointStore | undefined
  let counted: CountedStore | undefined
  let memoryWarned = false

  const choose = (isEmulator: boolean): CheckpointStore | undefined => {
    if (typeof configured === 'string') {
      fromString ??= checkpointStoreFromString(configured, { auth: auth(), logger: storeLogger() })
      return fromString
    }
    return configured ?? (isEmulator ? sharedMemoryCheckpointStore() : undefined)
  }
  const isInMemory = (isEmulator: boolean): boolean => choose(isEmulator) === sharedMemoryCheckpointStore()

  const warnOfMemory = () => {
    if (memoryWarned) return
    memoryWarned = true
    storeLogger().warn(
      "eventHubs.checkpointStore is 'memory:': offsets, members and leases end with this process, and no other process sees them. Keep them in a blob container: 'https://<account>.blob.core.windows.net/<container>'",
    )
  }

  return {
    open(isEmulator) {
      const store = choose(isEmulator)
      if (!store) return undefined
      if (!isEmulator && isInMemory(isEmulator)) warnOfMemory()
      counted ??= countCalls(checkAnswers(store))
      return counted.store
    },
    isInMemory,
    diagnostics: () => counted?.diagnostics() ?? null,
  }
}
