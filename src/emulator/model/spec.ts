/**
 * The time and size up to which events are kept; the first limit reached counts. All of them are per partition. @public
 */
export interface RetentionOptions {
  /** Hours. Default 24; -1 is for ever. */
  hours?: number
  /** Bytes held in memory, about 200 of overhead per event included. Default 128 MiB. */
  bytes?: number
  /** Events. Default: no limit. */
  count?: number
}

/** An event hub to create. @public */
export interface EventHubSpec {
  /** 1 to 256 letters, digits, `.`, `-` or `_`; begins and ends with a letter or digit. Case does not matter. */
  name: string
  /** 1 to 1024. Default 4. */
  partitionCount?: number
  /** Beside `$Default`, which is always there. */
  consumerGroups?: readonly string[]
  /** The retention of events. */
  retention?: RetentionOptions
  /**
   * The time Kafka clients see: that of storing, or the producer's. The service's property of that name. Default
   * `log-append`.
   */
  timestampType?: 'log-append' | 'create'
}

export const DEFAULT_PARTITION_COUNT = 4
