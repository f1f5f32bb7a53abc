import type { FaultyConnection } from './faults.js'
import type { KafkaHead } from './kafka/head.js'
import type { KafkaSettings } from './kafka/options.js'
import type { Service } from './service.js'

/** The Kafka head, loaded with the first client, so that whoever has none pays nothing for it. */
export interface KafkaLoader {
  load(service: Service): Promise<KafkaHead>
  /** Undefined as long as no client has come. */
  readonly head: KafkaHead | undefined
}

export function createKafkaLoader(settings: KafkaSettings, connections: Set<FaultyConnection>): KafkaLoader {
  let head: KafkaHead | undefined
  return {
    get head() {
      return head
    },
    async load(service) {
      if (head) return head
      const { createKafkaHead } = await import('./kafka/head.js')
      head = createKafkaHead({ service, settings, connections })
      return head
    },
  }
}
