import { createConnector, type Connection as NamespaceConnection } from '../client/connection.js'
import type { ClientContext } from '../client/context.js'
import { createTopics } from '../client/topics.js'
import type { ProducerSettings } from '../config/settings.js'
import { KafkaJSError, KafkaJSNonRetriableError } from '../errors/index.js'
import type { Requests } from '../instrumentation/events.js'
import { toEvent } from '../translate/message.js'
import type { ProducerDiagnostics } from '../types/diagnostics.js'
import type { Logger, RecordMetadata } from '../types/index.js'
import { share } from '../util/share.js'
import { Accumulator } from './accumulator.js'
import { compressEvents, createCompression } from './compression.js'
import type { PendingSendOptions } from './pending-send.js'
import type { Partitioner, TopicRequest } from './routing.js'
import type { SendRequest } from './send-request.js'

export interface ConnectionOptions {
  readonly context: ClientContext
  readonly settings: ProducerSettings
  readonly requests: Requests
  readonly logger: Logger
  readonly partitioner: Partitioner
}

/** A producer's connection to its namespace, which it may open and close any number of times. */
export interface Connection {
  /** Verifies that the namespace answers and takes the credential. Resolves at once when open; false when `close()` ended it. */
  open(): Promise<boolean>
  /** Takes nothing more, waits for what was accepted, for as long as one request may take, and closes. */
  close(): Promise<void>
  /** Throws for messages that can't be sent, and when not open, in this order as kafkajs. */
  send(request: SendRequest, intercept?: PendingSendOptions['intercept']): Promise<RecordMetadata[]>
  /** Throws when not open. */
  current(): NamespaceConnection
  /** Runs something that `close` waits for. Rejects when not open. */
  include<T>(operation: () => Promise<T>): Promise<T>
  /** The state at the moment; undefined while disconnected. */
  diagnostics(id: number): ProducerDiagnostics | undefined
}

type State =
  | { readonly status: 'disconnected' }
  | { readonly status: 'connected'; readonly connection: NamespaceConnection; readonly accumulator: Accumulator }
  | { readonly status: 'disconnecting'; readonly accumulator: Accumulator }

export function createConnection(options: ConnectionOptions): Connection {
  const { context, settings, requests, logger, partitioner } = options
  const connector = createConnector({ context, requests, retry: settings.retry, logger })
  let state: State = { status: 'disconnected' }
  const compression = createCompression(context.settings.eventHubs.compression, logger)

  const connected = () => {
    if (state.status === 'connected') return state
    if (state.status === 'disconnected') throw new KafkaJSError('The producer is disconnected')
    throw new KafkaJSNonRetriableError(
      "The producer is disconnecting; therefore, it can't safely accept messages anymore",
    )
  }

  const open = share(async () => {
    const connection = await connector.connect()
    const { transport } = connection
    const topics = createTopics({ connect: async () => connection, settings, logger, awaitsMissing: true })
    state = {
      status: 'connected',
      connection,
      accumulator: new Accumulator({ transport, requests, settings, logger }, topics, partitioner),
    }
  })

  const close = share(async () => {
    if (state.status !== 'connected') return
    const { accumulator } = state
    state = { status: 'disconnecting', accumulator }
    try {
      await accumulator.close(context.settings.requestTimeout)
    } finally {
      try {
        await connector.close()
      } finally {
        state = { status: 'disconnected' }
      }
    }
  })
  let closing: Promise<void> | undefined
  let opening: Promise<void> | undefined

  return {
    async open() {
      // Not awaited for nothing: a disconnect() right behind this call is to find it opening.
      if (closing) await closing
      if (state.status === 'connected') return true
      return connector.untilClosed(async () => {
        opening = open()
        try {
          await opening
        } finally {
          opening = undefined
        }
      })
    },
    async close() {
      const trying = opening
      if (trying) {
        // What is being tried ends; what has just been opened is closed like any other.
        await connector.close()
        await trying.catch(() => undefined)
      }
      const ending = close().finally(() => {
        if (closing === ending) closing = undefined
      })
      closing = ending
      await ending
    },
    send(request, intercept) {
      const { accumulator } = connected()
      const type = compression.typeFor(request)
      const requests = request.topics.map(
        ({ topic, messages }): TopicRequest => ({
          topic: accumulator.topic(topic),
          name: topic,
          messages,
          events: messages.map((message) => toEvent(message, topic)),
        }),
      )
      const prepared = type ? compressEvents(requests, type) : undefined
      return accumulator.add(requests, { acks: request.acks, timeout: request.timeout, prepared, intercept })
    },
    current: () => connected().connection,
    include: async (operation) => connected().accumulator.include(operation),
    diagnostics(id) {
      const connection = connector.diagnostics()
      if (connection.state === 'disconnected') return undefined
      const sending = 'accumulator' in state ? state.accumulator.diagnostics() : nothingSent()
      return { id, connection, isIdempotent: settings.idempotent, ...sending }
    },
  }
}

const nothingSent = () => ({
  queuedMessages: 0,
  queuedBytes: 0,
  inFlight: 0,
  retries: 0,
  throttledTimeInMs: 0,
  partitions: [],
})
