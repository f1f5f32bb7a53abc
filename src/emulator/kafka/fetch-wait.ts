import type { Partition } from '../model/partition.js'

/**
 * Waits until there is enough to read, the time is over, or whoever asked is gone. Nothing of it stays behind.
 */
export function waitForEvents(options: {
  readonly partitions: readonly Partition[]
  readonly maxWaitMs: number
  isEnough(): boolean
  onClose(listener: () => void): () => void
}): Promise<void> {
  const { partitions, maxWaitMs, isEnough, onClose } = options
  return new Promise((resolve) => {
    const removers = partitions.map((partition) => partition.onChange(look))
    removers.push(onClose(end))
    const timer = setTimeout(end, maxWaitMs)

    function look(): void {
      if (isEnough()) end()
    }
    function end(): void {
      clearTimeout(timer)
      for (const remove of removers) remove()
      resolve()
    }
  })
}
