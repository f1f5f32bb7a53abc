import { linkStolen, quotaExceeded, type ServiceError } from '../amqp/service-error.js'

/** One reader of a partition, as the epoch rules see it. */
export interface Reader {
  /** `com.microsoft:receiver-name`; the texts say 'nil' without one. */
  readonly name: string | undefined
  /** Owner level; undefined is a reader without one. */
  readonly epoch: number | undefined
  disconnect(error: ServiceError): void
}

/** Microsoft: Event Hubs quotas, "Number of non-epoch receivers per consumer group". */
const MAX_READERS_WITHOUT_EPOCH = 5

/**
 * Who reads one partition in one consumer group. The rules: Microsoft, "Event processor host", section "Epoch". The texts:
 * observed (azure-sdk-for-js TROUBLESHOOTING.md and #15893, iothub-explorer #40, azure-docs #24985).
 */
export class PartitionReaders {
  #readers = new Set<Reader>()

  get all(): readonly Reader[] {
    return [...this.#readers]
  }

  /**
   * Lets a reader in, disconnecting those it outranks; throws a `ServiceError` when it is outranked itself.
   * `tracker` names hub and group in the texts.
   */
  add(reader: Reader, tracker: string): void {
    const highest = this.#highestEpoch()
    if (reader.epoch === undefined) {
      if (highest !== undefined) {
        throw linkStolen(
          `At least one receiver for the endpoint is created with epoch of '${highest}', and so non-epoch receiver is ` +
            'not allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are closed or ' +
            'disconnected.',
          tracker,
        )
      }
      if (this.#readers.size >= MAX_READERS_WITHOUT_EPOCH) {
        const names = this.all.map(nameOf).join(', ')
        throw quotaExceeded(
          'Exceeded the maximum number of allowed receivers per partition in a consumer group which is ' +
            `${MAX_READERS_WITHOUT_EPOCH}. List of connected receivers - ${names}.`,
          tracker,
        )
      }
    } else if (highest !== undefined && reader.epoch < highest) {
      throw linkStolen(
        `Receiver '${nameOf(reader)}' with a higher epoch '${highest}' already exists. Receiver '${nameOf(reader)}' ` +
          `with epoch ${reader.epoch} cannot be created. Make sure you are creating receiver with increasing epoch ` +
          'value to ensure connectivity, or ensure all old epoch receivers are closed or disconnected.',
        tracker,
      )
    } else {
      // An equal epoch wins over the one before it, any epoch wins over none.
      for (const outranked of this.all) {
        this.remove(outranked)
        outranked.disconnect(
          linkStolen(
            `New receiver '${nameOf(reader)}' with higher epoch of '${reader.epoch}' is created hence current receiver ` +
              `'${nameOf(outranked)}' with epoch '${outranked.epoch ?? 'nil'}' is getting disconnected. If you are ` +
              'recreating the receiver, make sure a higher epoch is used.',
            tracker,
          ),
        )
      }
    }
    this.#readers.add(reader)
  }

  remove(reader: Reader): void {
    this.#readers.delete(reader)
  }

  #highestEpoch(): number | undefined {
    let highest: number | undefined
    for (const { epoch } of this.#readers) {
      if (epoch !== undefined && (highest === undefined || epoch > highest)) highest = epoch
    }
    return highest
  }
}

const nameOf = (reader: Reader) => reader.name ?? 'nil'
