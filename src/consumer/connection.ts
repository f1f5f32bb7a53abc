import type { ClientContext } from '../client/context.js'
import { KafkaJSNonRetriableError } from '../errors/index.js'
import type { EventHubsTransport } from '../eventhubs/transport.js'
import type { CheckpointStore } from '../types/checkpoint-store.js'
import { shareSuccess } from '../util/share.js'

/** A consumer's transport, opened when first needed, and the store of its group. */
export interface Connection {
  /** Opens, or gives what is open. */
  open(): Promise<EventHubsTransport>
  /** Throws `KafkaJSNonRetriableError` when there is nowhere to keep offsets. */
  openStore(): Promise<{ service: EventHubsTransport; store: CheckpointStore }>
  /** Whether it is known that there is nowhere to keep offsets. */
  lacksStore(): Promise<boolean>
  /** Closes; opening again is possible. */
  close(): Promise<void>
}

export function createConnection(context: ClientContext, groupId: string): Connection {
  const transport = shareSuccess(() => context.openTransport())
  let opened: Promise<EventHubsTransport> | undefined

  const open = () => {
    opened = transport()
    return opened
  }

  return {
    open,

    async openStore() {
      const service = await open()
      const store = await context.checkpointStore(service)
      if (store) return { service, store }
      throw new KafkaJSNonRetriableError(
        `Consumer group ${groupId} needs a place to keep its committed offsets, which Event Hubs does not keep over AMQP: pass new Kafka({ eventHubs: { checkpointStore: 'https://<account>.blob.core.windows.net/<container>' } }), or set KAFKAJS_EVENTHUBS_CHECKPOINT_STORE`,
      )
    },

    async lacksStore() {
      try {
        return (await context.checkpointStore(await open())) === undefined
      } catch {
        return false // Whatever it is, joining meets it again, and crashes with it.
      }
    },

    async close() {
      const closing = opened
      opened = undefined
      transport.reset()
      // One that could not be opened has told whoever opened it.
      await (await closing?.catch(() => undefined))?.close()
    },
  }
}
