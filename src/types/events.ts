/** The values of an object type. @public */
export type ValueOf<T> = T[keyof T]

/** The argument of a listener. @public */
export interface InstrumentationEvent<T> {
  /** A number that grows by one per event of the process (kafkajs declares it a string). */
  id: string
  /** The event's name, e.g. `consumer.connect`. */
  type: string
  /** Ms since the epoch. */
  timestamp: number
  /** The event, in words. */
  payload: T
}

/** The function that `on()` returns: call it and the listener gets no more events. @public */
export type RemoveInstrumentationEventListener<_T> = () => void

/** A client has connected. @public */
export type ConnectEvent = InstrumentationEvent<null>

/** A client has disconnected. @public */
export type DisconnectEvent = InstrumentationEvent<null>

/** An operation against the service was answered; named as the Kafka request it stands for. Times in ms. @public */
export type RequestEvent = InstrumentationEvent<{
  apiKey: number
  apiName: string
  apiVersion: number
  /** `host:port`. */
  broker: string
  clientId: string
  correlationId: number
  createdAt: number
  duration: number
  pendingDuration: number
  sentAt: number
  /** Bytes, where they are known; else 0. */
  size: number
}>

/** An operation against the service was not answered within `requestTimeout`. @public */
export type RequestTimeoutEvent = InstrumentationEvent<{
  apiKey: number
  apiName: string
  apiVersion: number
  broker: string
  clientId: string
  correlationId: number
  createdAt: number
  pendingDuration: number
  sentAt: number
}>

/** The number of operations in progress has changed. @public */
export type RequestQueueSizeEvent = InstrumentationEvent<{
  broker: string
  clientId: string
  queueSize: number
}>
