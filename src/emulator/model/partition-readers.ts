import { RefusedError } from './errors.js'

/** One reader of a partition, as the epoch rules see it. */
export interface Reader {
  /** The name it has for itself. */
  readonly name: string | undefined
  /** Owner level; undefined is a reader without one. */
  readonly epoch: number | undefined
  disconnect(error: RefusedError): void
}

/** Microsoft: Event Hubs quotas, "Number of non-epoch receivers per consumer group". */
const MAX_READERS_WITHOUT_EPOCH = 5

/**
 * The readers of one partition in one consumer group. The rules: Microsoft, "Event processor host", section "Epoch".
 */
export class PartitionReaders {
  #readers = new Set<Reader>()

  get all(): readonly Reader[] {
    return [...this.#readers]
  }

  /** Lets a reader in, disconnecting those it outranks; throws {@link RefusedError} when it is outranked itself. */
  add(reader: Reader): void {
    const { name, epoch } = reader
    const holder = this.#outranking()
    const highest = holder?.epoch
    if (epoch === undefined) {
      if (highest !== undefined) throw new RefusedError({ kind: 'reader-without-epoch', highest })
      if (this.#readers.size >= MAX_READERS_WITHOUT_EPOCH) {
        const names = this.all.map((other) => other.name)
        throw new RefusedError({ kind: 'too-many-readers', limit: MAX_READERS_WITHOUT_EPOCH, names })
      }
    } else if (highest !== undefined && epoch < highest) {
      throw new RefusedError({ kind: 'epoch-too-low', name, epoch, highest, holder: holder?.name })
    } else {
      // An equal epoch wins over the one before it, any epoch wins over none.
      for (const outranked of this.all) {
        this.remove(outranked)
        outranked.disconnect(
          new RefusedError({
            kind: 'reader-displaced',
            name: outranked.name,
            epoch: outranked.epoch,
            by: { name, epoch },
          }),
        )
      }
    }
    this.#readers.add(reader)
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader)
  }

  /** The reader with the highest epoch. */
  #outranking(): Reader | undefined {
    let first: Reader | undefined
    for (const reader of this.#readers) {
      if (reader.epoch !== undefined && reader.epoch > (first?.epoch ?? -Infinity)) first = reader
    }
    return first
  }
}
