import { type CheckpointStore, memoryCheckpointStore } from 'kafkajs-eventhubs'

/** A store whose calls can be made to fail. */
export function failingStore() {
  const memory = memoryCheckpointStore()
  const failing = new Map<keyof CheckpointStore, () => Error | undefined>()
  let failures = 0
  const guard =
    <A extends unknown[], R>(name: keyof CheckpointStore, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const error = failing.get(name)?.()
      if (!error) return call(...args)
      failures++
      throw error
    }
  const store: CheckpointStore = {
    ...memory,
    listOwnership: guard('listOwnership', memory.listOwnership),
    claimOwnership: guard('claimOwnership', memory.claimOwnership),
    updateCheckpoint: guard('updateCheckpoint', memory.updateCheckpoint),
    listCheckpoints: guard('listCheckpoints', memory.listCheckpoints),
  }
  const all = ['listOwnership', 'claimOwnership', 'updateCheckpoint', 'listCheckpoints'] as const
  return {
    store,
    failures: () => failures,
    /** Has a call fail, so many times or until told otherwise. */
    fail(name: keyof CheckpointStore, error: Error, times = Number.POSITIVE_INFINITY) {
      let left = times
      failing.set(name, () => (left-- > 0 ? error : undefined))
    },
    goAway() {
      for (const name of all) failing.set(name, () => new Error('the store is away'))
    },
    comeBack: () => failing.clear(),
  }
}
