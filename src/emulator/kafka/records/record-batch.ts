/**
 * The places of the fields of a record batch of magic 2, from its beginning. Source: apache/kafka,
 * DefaultRecordBatch.java.
 */
export const BATCH = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const

/** The bytes that the length of a batch does not count: the base offset and itself. */
export const LENGTH_STARTS_AFTER = 12

export const MAGIC = 2

/** Bits of a batch's attributes. */
export const ATTRIBUTE = { codec: 0x07, logAppendTime: 0x08, transactional: 0x10, control: 0x20 } as const

export const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** One header of a record. Names may repeat, and their order counts. */
export interface RecordHeader {
  readonly name: string
  readonly value: Buffer | null
}

/** One record as a producer gives it. Key, value and headers are parts of the batch's bytes. */
export interface KafkaRecord {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** The producer that sent a batch, and the number of the batch. -1 each: it does not say. */
export interface BatchProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}
