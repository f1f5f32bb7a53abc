/**
 * The snapshot that `readDiagnostics` takes. Plain values, without secrets, that JSON takes as they are: offsets are decimal
 * strings as everywhere, times of the day are ms since the epoch, and what is not known is null.
 */

/** The clients of one `Kafka` at one moment. @public */
export interface KafkaDiagnostics {
  /** The moment it was taken. */
  timestamp: number
  /** The name in the configuration. */
  clientId: string
  /** Producers that are connected, or on their way to be. */
  producers: ProducerDiagnostics[]
  /** Consumers that are connected, on their way to be, or have crashed for good and were not disconnected since. */
  consumers: ConsumerDiagnostics[]
  /** Admin clients that are connected, or on their way to be. */
  admins: AdminDiagnostics[]
  /** The checkpoint store; null before anything was asked of one. */
  checkpointStore: CheckpointStoreDiagnostics | null
}

/** The last thing that went wrong; it stays when all is well again. @public */
export interface LastError {
  /** The time it happened. */
  timestamp: number
  /** The class of the error, as `KafkaJSProtocolError`. */
  name: string
  /** Kafka's word for it, where it has one, as `REQUEST_TIMED_OUT`. */
  type: string | null
  /** The text. */
  message: string
}

/** A client's way to its namespace. @public */
export interface ConnectionDiagnostics {
  /** `connecting` for as long as it is tried. */
  state: 'disconnected' | 'connecting' | 'connected'
  /** `host:port`; null before the configuration was looked at. */
  broker: string | null
  /** Connections that are open: to send or to read over, and to ask each event hub over. */
  open: number
  /** Connections opened since `connect()`. One that was lost is opened again when it is needed. */
  opened: number
  /** Connections of those that were not closed from here. */
  lost: number
  /** The last attempt to connect that failed. */
  lastError: LastError | null
}

/** The fields that every client has. @public */
export interface ClientDiagnostics {
  /** The number of the client among those of its kind that the `Kafka` has made, from 0. */
  id: number
  /** The way to the namespace. */
  connection: ConnectionDiagnostics
}

/** A producer. The sums are over all partitions, and what waits to be given to one. @public */
export interface ProducerDiagnostics extends ClientDiagnostics {
  /** The kind of producer. */
  isIdempotent: boolean
  /** Messages that are in no transfer yet. */
  queuedMessages: number
  /** Bytes of those, encoded. */
  queuedBytes: number
  /** Transfers that are not acknowledged yet, those being tried again included. */
  inFlight: number
  /** Attempts to send that failed and were followed by another, since `connect()`. */
  retries: number
  /** Ms that were waited because the service said that it was busy, since `connect()`. */
  throttledTimeInMs: number
  /** Each partition that was sent to. */
  partitions: ProducerPartitionDiagnostics[]
}

/** A partition as a producer sends to it. @public */
export interface ProducerPartitionDiagnostics {
  /** The topic. */
  topic: string
  /** The partition. */
  partition: number
  /** Messages that are in no transfer yet. */
  queuedMessages: number
  /** Bytes of those, encoded. */
  queuedBytes: number
  /** Transfers that are not acknowledged yet, those being tried again included. */
  inFlight: number
  /** Attempts that failed and were followed by another. */
  retries: number
  /** Ms that were waited because the service said that it was busy. */
  throttledTimeInMs: number
  /** The last attempt that failed. */
  lastError: LastError | null
}

/** A consumer. @public */
export interface ConsumerDiagnostics extends ClientDiagnostics {
  /** The group. */
  groupId: string
  /** The member's id; null before it has joined. */
  memberId: string | null
  /** `restarting` waits to begin again after a crash; `crashed` does nothing until the program runs it again. */
  state: 'idle' | 'starting' | 'running' | 'stopping' | 'restarting' | 'crashed'
  /** Times it has crashed. */
  crashes: number
  /** The last crash. */
  lastError: LastError | null
  /** Each partition that is this member's. */
  partitions: ConsumerPartitionDiagnostics[]
}

/** A partition as a consumer reads it. Counters begin anew when it comes to a member. @public */
export interface ConsumerPartitionDiagnostics {
  /** The topic. */
  topic: string
  /** The partition. */
  partition: number
  /** The next offset to be handled; null before it was looked up. */
  position: string | null
  /** The offset the group has committed, as far as this member knows. */
  committedOffset: string | null
  /** The next offset to be produced, as last heard: while the link is not open it stands still. */
  highWatermark: string | null
  /** Messages from the position to the high watermark. */
  lag: number | null
  /** `closed` also where a pause lasts, and before the first one. */
  link: 'closed' | 'opening' | 'open'
  /** Links that have come to work so far: each beyond the first was opened again. */
  links: number
  /** The partition is paused. */
  isPaused: boolean
  /** Failures that were followed by another attempt: of the handler, of commits and of links. */
  retries: number
  /** The last failure, or the last end of a link. */
  lastError: LastError | null
  /** Ms since the lease was last known to be this member's; it ends at `sessionTimeout`. Null: there is none. */
  leaseAgeInMs: number | null
}

/** An admin client. @public */
export interface AdminDiagnostics extends ClientDiagnostics {}

/** The calls that all clients of the `Kafka` have made of their checkpoint store. @public */
export interface CheckpointStoreDiagnostics {
  /** One entry for each method that was called. */
  calls: StoreCallDiagnostics[]
  /** The last call that failed. */
  lastError: LastError | null
}

/** The calls of one method of a checkpoint store. @public */
export interface StoreCallDiagnostics {
  /** The method. */
  method: string
  /** Calls so far. */
  calls: number
  /** Calls that have not come back. */
  pending: number
  /** Calls that failed. */
  errors: number
  /** Ms that all calls took together. */
  timeInMs: number
  /** Ms that the slowest took. */
  slowestInMs: number
}
