/** What may differ between kafkajs on the Kafka endpoint and this library over AMQP. docs/compatibility.md has the same list. */
export interface Allowed {
  readonly path: RegExp
  /** How far they may differ. Default: at will. */
  readonly holds?: (kafkajs: unknown, ours: unknown) => boolean
  readonly what: string
  readonly why: string
}

export const allowedDifferences: readonly Allowed[] = [
  {
    path: /^produce\.\w+\.\d\.baseOffset$/,
    holds: (_kafkajs, ours) => ours === '-1',
    what: "`RecordMetadata.baseOffset` is `'-1'`",
    why: 'an AMQP acknowledgement carries no offset',
  },
  {
    path: /^produce\.\w+\.\d\.logAppendTime$/,
    holds: (_kafkajs, ours) => ours === '-1',
    what: "`RecordMetadata.logAppendTime` is `'-1'`",
    why: 'nor a time',
  },
  {
    path: /^consume\.read\.\d\.message\.timestamp$/,
    holds: (kafkajs, ours) => kafkajs === 'now' && ours === '1500000000000',
    what: "`message.timestamp` is the producer's, where it gave one",
    why: "the Kafka endpoint gives the time of storing, unless the event hub is set to keep the producers'",
  },
  {
    path: /^batches\.seen\.uncommitted\.topics\.\d\.partitions\.\d\.partition$/,
    holds: (kafkajs, ours) => kafkajs === String(ours),
    what: '`uncommittedOffsets()` has partitions as numbers',
    why: "as kafkajs's types say; its code gives strings",
  },
  {
    path: /^commit\.committed\.\d\.partitions\.\d\.metadata$/,
    holds: (_kafkajs, ours) => ours === null,
    what: 'metadata of a committed offset is not kept',
    why: 'checkpoints have no place for it',
  },
  {
    path: /^groups\.left\.groups\.\d\.state$/,
    holds: (kafkajs, ours) => kafkajs === 'Dead' && ours === 'Empty',
    what: 'a group without members is `Empty`',
    why: 'as in Apache Kafka; the service calls it `Dead`',
  },
  {
    path: /^groups\.left\.groups\.\d\.protocolType$/,
    holds: (kafkajs, ours) => kafkajs === '' && ours === 'consumer',
    what: 'and keeps its protocol type',
    why: 'likewise',
  },
  {
    path: /^(errors|groups)\.\w+\.message$/,
    holds: (kafkajs, ours) => String(ours).startsWith(String(kafkajs)),
    what: "error messages go on behind Kafka's text",
    why: 'they say where, and what to do',
  },
]
