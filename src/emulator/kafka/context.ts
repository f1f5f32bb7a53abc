import { allows, type Grant } from '../authorization.js'
import type { EventHub } from '../model/hub.js'
import type { Claim } from '../options.js'
import type { Service } from '../service.js'
import type { Coordinator } from './groups/coordinator.js'
import type { KafkaSettings } from './options.js'
import type { Producers } from './producers.js'
import { ERROR } from './protocol/error-codes.js'

/** Everything that the connections of the Kafka head share. */
export interface Head {
  readonly service: Service
  readonly settings: KafkaSettings
  readonly coordinator: Coordinator
  readonly producers: Producers
}

/** The address of the one broker there is: the address this very connection came in by. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** Its id. Observed: librdkafka #2389. */
export const NODE_ID = 0

/** The context that a request is handled with. */
export interface RequestContext extends Head {
  readonly apiName: string
  readonly version: number
  readonly clientId: string
  readonly clientHost: string
  readonly grant: Grant
  /** Bytes of the whole request. */
  readonly requestSize: number
  readonly address: BrokerAddress
  /** Calls back when the connection is gone. Returns its own remover. */
  onClose(listener: () => void): () => void
  /** Breaks the connection. */
  destroy(): void
}

/** True where the connection's key or token has a claim on an event hub. */
export function mayUse({ grant }: RequestContext, eventHub: string, claim: Claim): boolean {
  return allows(grant, eventHub.toLowerCase(), claim)
}

/** True for a request with a claim anywhere: groups belong to the namespace, and to no event hub. */
export function mayAnywhere({ grant }: RequestContext, claim: Claim): boolean {
  return allows(grant, grant.path, claim)
}

/** The event hub that a request names and may use, or the error's code. */
export function findEventHub(context: RequestContext, name: string, claim: Claim): EventHub | number {
  if (!mayUse(context, name, claim)) return ERROR.topicAuthorizationFailed
  return context.service.namespace.getEventHub(name) ?? ERROR.unknownTopicOrPartition
}
