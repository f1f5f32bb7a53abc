import { toLastError } from '../instrumentation/last-error.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import type { CheckpointStoreDiagnostics, LastError, StoreCallDiagnostics } from '../types/diagnostics.js'

/** A checkpoint store whose calls are counted. */
export interface CountedStore {
  /** The store: the same calls, with the same outcomes. */
  readonly store: CheckpointStore
  diagnostics(): CheckpointStoreDiagnostics
}

/** Counts a store's calls. */
export function countCalls(store: CheckpointStore): CountedStore {
  const methods = new Map<string, StoreCallDiagnostics>()
  let lastError: LastError | null = null

  const countOf = (method: string): StoreCallDiagnostics => {
    const known = methods.get(method)
    if (known) return known
    const made = { method, calls: 0, pending: 0, errors: 0, timeInMs: 0, slowestInMs: 0 }
    methods.set(method, made)
    return made
  }

  /** Async, as a store may throw before there is a promise. */
  const count = async <Result>(method: string, call: () => Promise<Result>): Promise<Result> => {
    const counts = countOf(method)
    const begun = performance.now()
    counts.calls++
    counts.pending++
    try {
      return await call()
    } catch (error) {
      counts.errors++
      lastError = toLastError(error)
      throw error
    } finally {
      const time = performance.now() - begun
      counts.pending--
      counts.timeInMs += time
      counts.slowestInMs = Math.max(counts.slowestInMs, time)
    }
  }

  // A method that the store lacks is lacking afterwards as well: admin calls ask for it.
  const optional: Pick<CheckpointStore, 'listGroups' | 'deleteGroup' | 'deleteCheckpoint'> = {
    ...(store.listGroups && {
      listGroups: (...args) => count('listGroups', async () => (await store.listGroups?.(...args)) ?? []),
    }),
    ...(store.deleteGroup && {
      deleteGroup: (...args) => count('deleteGroup', async () => store.deleteGroup?.(...args)),
    }),
    ...(store.deleteCheckpoint && {
      deleteCheckpoint: (...args) => count('deleteCheckpoint', async () => store.deleteCheckpoint?.(...args)),
    }),
  }
  return {
    store: {
      listOwnership: (...args) => count('listOwnership', () => store.listOwnership(...args)),
      claimOwnership: (...args) => count('claimOwnership', () => store.claimOwnership(...args)),
      updateCheckpoint: (...args) => count('updateCheckpoint', () => store.updateCheckpoint(...args)),
      listCheckpoints: (...args) => count('listCheckpoints', () => store.listCheckpoints(...args)),
      ...optional,
    },
    diagnostics: () => ({ calls: [...methods.values()].map((counts) => ({ ...counts })), lastError }),
  }
}
