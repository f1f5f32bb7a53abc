/** Counts for tests: what came in and went out since the start, and what is open now. @public */
export interface EmulatorStats {
  /** AMQP connections open now. */
  readonly openConnections: number
  /** Publishing and reading links open now; `$cbs` and `$management` not counted. */
  readonly openLinks: number
  /** AMQP connections accepted. */
  readonly connectionsAccepted: number
  /** Of them, those ended because the peer broke the protocol. */
  readonly connectionsFailed: number
  /** Publishing and reading links attached. */
  readonly linksAttached: number
  /** Transfers on publishing links: one per batch, refused ones included. */
  readonly transfersReceived: number
  /** Events stored. */
  readonly eventsStored: number
  /** Events sent to readers. */
  readonly eventsDelivered: number
  /** Tokens presented to `$cbs`, refused ones included. */
  readonly tokensReceived: number
  /** Requests to `$management`. */
  readonly managementRequests: number
  /** Kafka connections open now. */
  readonly openKafkaConnections: number
  /** Kafka connections ended because the peer broke the protocol. */
  readonly kafkaConnectionsFailed: number
  /** Kafka requests, refused ones included. */
  readonly kafkaRequests: number
}

/** The same, to be counted up. */
export type Stats = { -readonly [Name in keyof EmulatorStats]: number }

export function createStats(): Stats {
  return {
    openConnections: 0,
    openLinks: 0,
    connectionsAccepted: 0,
    connectionsFailed: 0,
    linksAttached: 0,
    transfersReceived: 0,
    eventsStored: 0,
    eventsDelivered: 0,
    tokensReceived: 0,
    managementRequests: 0,
    openKafkaConnections: 0,
    kafkaConnectionsFailed: 0,
    kafkaRequests: 0,
  }
}
