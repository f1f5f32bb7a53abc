import type { IncomingEvent } from '../../model/event.js'
import type { EventHub } from '../../model/hub.js'
import type { Partition } from '../../model/partition.js'
import { encodeInt, encodeLong, encodeMap, encodeShort, encodeSymbol } from '../codec/encode.js'
import { readTransfer } from '../codec/transfer.js'
import { DecodeError } from '../codec/values.js'
import type { AttachReply } from '../protocol/link.js'
import type { Delivery, ReceivingLink } from '../protocol/receiving-link.js'
import { serviceErrorOf } from '../refusals.js'
import {
  detachForced,
  entityNotFound,
  invalidPartition,
  messageTooLarge,
  type ServiceError,
  scripted,
  serverBusy,
  undecodable,
} from '../service-error.js'
import type { LinkContext } from './link-context.js'

export interface IngressAddress {
  readonly eventHub: string
  readonly partition?: string
  readonly publisher?: string
}

/** Transfers a sender may have unacknowledged. The service gives between 300 and 1000. */
const CREDIT = 500

/** A link on which a client publishes. Throws a `ServiceError` to refuse it. */
export function openIngress(context: LinkContext, link: ReceivingLink, address: IngressAddress): void {
  const { service } = context
  const path = link.address ?? ''
  context.authorize(path, 'Send')
  const eventHub = openEventHub(context, address.eventHub)
  const fixed = address.partition === undefined ? undefined : eventHub.partition(address.partition)
  if (address.partition !== undefined && !fixed) throw invalidPartition()
  const target = { direction: 'send', eventHub, partition: fixed, consumerGroup: undefined } as const
  const refusal = service.faults.refusalOf(target)
  if (refusal) throw scripted(refusal)
  // The smaller of both sides' limits, the client's 0 being none. Observed: azure-sdk-for-python #43462.
  const asked = link.maxMessageSize || Number.POSITIVE_INFINITY
  const maxMessageSize = Math.min(asked, service.settings.maxMessageSizeInBytes)
  // Without it SDKs take the largest batch to be 0 bytes. Observed: azure-sdk-for-js, azure-sdk-for-java #49848.
  const reply = { maxMessageSize, ...openProducer(link, fixed) }

  let open = true
  /** Credit the client has used and not got back. */
  let used = 0
  const record = context.opened(
    {
      ...target,
      isWaiting: () => false,
      stop: close,
      detach: end,
    },
    path,
  )
  link.onEnd(close)
  link.attach(reply)
  link.receive({ credit: CREDIT, maxBytes: maxMessageSize, onDelivery })

  function close(): void {
    if (!open) return
    open = false
    record.closed()
  }

  function end(error: ServiceError): void {
    close()
    link.detach(error)
  }

  function settle(delivery: Delivery, failure: ServiceError | undefined): void {
    if (!open) return
    link.settle(delivery, failure)
    giveCreditBack()
  }

  /** In portions: each costs a frame. */
  function giveCreditBack(): void {
    if (++used < CREDIT / 4) return
    link.addCredit(used)
    used = 0
  }

  /** Stores a transfer, unless it already is. */
  function store(events: readonly IncomingEvent[], partition: Partition): void {
    if (service.faults.throttles({ ...target, partition })) throw serverBusy()
    if (!partition.producers.admit(events)) return
    partition.append(events)
    service.stats.eventsStored += events.length
  }

  function acknowledge(delivery: Delivery, partition: Partition): void {
    const stored = { ...target, partition }
    const loss = service.faults.lossOf(stored)
    if (loss === 'connection') context.destroy()
    if (loss === 'link') end(detachForced('The link was detached by a fault that was scripted in the emulator.'))
    if (loss === 'nothing') giveCreditBack()
    if (loss) return
    const delay = service.faults.dispositionDelayOf(stored)
    if (delay === 0) settle(delivery, undefined)
    else setTimeout(() => settle(delivery, undefined), delay).unref()
  }

  function handle(delivery: Delivery): void {
    const { id, payload, format, size } = delivery
    if (size > maxMessageSize) throw messageTooLarge(id, size, maxMessageSize)
    const events = readTransfer(payload, format, { publisher: address.publisher })
    const partition = fixed ?? eventHub.partitionFor(events[0]?.partitionKey)
    partition.whenThawed(() =>
      attempt(delivery, () => {
        if (!open) return
        store(events, partition)
        acknowledge(delivery, partition)
      }),
    )
  }

  /** Refuses a single delivery instead of failing the connection. */
  function attempt(delivery: Delivery, step: () => void): void {
    try {
      step()
    } catch (error) {
      if (error instanceof DecodeError || error instanceof RangeError) settle(delivery, undecodable(error.message))
      else settle(delivery, serviceErrorOf(error, service))
    }
  }

  function onDelivery(delivery: Delivery): void {
    if (!open) return
    service.stats.transfersReceived++
    record.active()
    attempt(delivery, () => handle(delivery))
  }
}

function openEventHub({ service }: LinkContext, name: string): EventHub {
  const eventHub = service.namespace.openEventHub(name)
  if (!eventHub) throw entityNotFound(service.host, name)
  return eventHub
}

const CAPABILITY = 'com.microsoft:idempotent-producer'

/**
 * Agrees on producer id, epoch and sequence number with an idempotent producer; the answer stands in the properties of
 * our attach. Source: azure-sdk-for-js, eventHubSender.ts.
 */
function openProducer(link: ReceivingLink, partition: Partition | undefined): AttachReply {
  if (!link.wants(CAPABILITY)) return {}
  if (!partition) throw invalidPartition()
  const given = (name: string) => {
    const value = link.properties.get(`com.microsoft:${name}`)
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
  }
  const producerId = given('producer-id')
  const epoch = given('producer-epoch')
  const sequenceNumber = given('producer-sequence-number')
  const state = partition.producers.open({
    ...(producerId !== undefined && { producerId }),
    ...(epoch !== undefined && { epoch }),
    ...(sequenceNumber !== undefined && { sequenceNumber }),
  })
  return {
    offeredCapabilities: [CAPABILITY],
    properties: encodeMap([
      [encodeSymbol('com.microsoft:producer-id'), encodeLong(state.producerId)],
      [encodeSymbol('com.microsoft:producer-epoch'), encodeShort(state.epoch)],
      [encodeSymbol('com.microsoft:producer-sequence-number'), encodeInt(state.sequenceNumber)],
    ]),
  }
}
