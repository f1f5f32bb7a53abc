import type { IncomingEvent } from '../../model/event.js'
import type { EventHub } from '../../model/hub.js'
import type { Partition } from '../../model/partition.js'
import { ruleTransfers } from '../accept.js'
import { serviceErrorOf } from '../refusals.js'
import {
  accept,
  detach,
  forget,
  onSessionEnd,
  type ReceivedMessage,
  type RheaDelivery,
  type RheaReceiver,
  reject,
  toInteger,
  types,
  wants,
} from '../rhea.js'
import { DecodeError } from '../sections.js'
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
import { readTransfer } from '../transfer.js'
import type { LinkContext } from './link-context.js'

export interface IngressAddress {
  readonly eventHub: string
  readonly partition?: string
  readonly publisher?: string
}

/** Transfers a sender may have unacknowledged. The service gives between 300 and 1000. */
const CREDIT = 500

/** A link on which a client publishes. Throws a `ServiceError` to refuse it. */
export function openIngress(context: LinkContext, receiver: RheaReceiver, address: IngressAddress): void {
  const { service } = context
  const path = receiver.target?.address ?? ''
  context.authorize(path, 'Send')
  const eventHub = openEventHub(context, address.eventHub)
  const fixed = address.partition === undefined ? undefined : eventHub.partition(address.partition)
  if (address.partition !== undefined && !fixed) throw invalidPartition()
  const target = { direction: 'send', eventHub, partition: fixed, consumerGroup: undefined } as const
  const refusal = service.faults.refusalOf(target)
  if (refusal) throw scripted(refusal)
  openProducer(receiver, fixed)

  // The smaller of both sides' limits, the client's 0 being none. Observed: azure-sdk-for-python #43462.
  const asked = toInteger(receiver.remote.attach.max_message_size) || Number.POSITIVE_INFINITY
  const maxMessageSize = Math.min(asked, service.settings.maxMessageSizeInBytes)
  receiver.set_source({ address: receiver.source?.address ?? '' })
  receiver.set_target({ address: path })
  // Without it SDKs take the largest batch to be 0 bytes. Observed: azure-sdk-for-js, azure-sdk-for-java #49848.
  receiver.local.attach.max_message_size = maxMessageSize
  ruleTransfers(receiver, { maxBytes: 8 * maxMessageSize + 65_536, asBytes: true })

  let open = true
  /** Credit the client has used and not got back. */
  let used = 0
  const link = context.opened(
    {
      ...target,
      isWaiting: () => false,
      stop: () => close(),
      detach(error) {
        close()
        detach(receiver, error)
      },
    },
    path,
  )
  const removeListener = onSessionEnd(receiver, close)
  receiver.on('receiver_close', close)

  function close(): void {
    if (!open) return
    open = false
    removeListener()
    link.closed()
  }

  function settle(delivery: RheaDelivery, failure: ServiceError | undefined): void {
    if (!open) {
      forget(delivery)
      return
    }
    if (failure) reject(receiver, delivery, failure)
    else accept(delivery)
    giveCreditBack()
  }

  /** In portions: each costs a frame. */
  function giveCreditBack(): void {
    if (++used < CREDIT / 4) return
    receiver.add_credit(used)
    used = 0
  }

  /** Stores a transfer, unless it already is. */
  function store(events: readonly IncomingEvent[], partition: Partition): void {
    if (service.faults.throttles({ ...target, partition })) throw serverBusy()
    if (!partition.producers.admit(events)) return
    partition.append(events)
    service.stats.eventsStored += events.length
  }

  function acknowledge(delivery: RheaDelivery, partition: Partition): void {
    const stored = { ...target, partition }
    const loss = service.faults.lossOf(stored)
    if (loss === 'connection') context.destroy()
    if (loss === 'link') {
      close()
      detach(receiver, detachForced('The link was detached by a fault that was scripted in the emulator.'))
    }
    if (loss === 'nothing') {
      forget(delivery)
      giveCreditBack()
    }
    if (loss) return
    const delay = service.faults.dispositionDelayOf(stored)
    if (delay === 0) settle(delivery, undefined)
    else setTimeout(() => settle(delivery, undefined), delay).unref()
  }

  function handle(payload: Buffer, format: number, delivery: RheaDelivery): void {
    if (payload.length > maxMessageSize) throw messageTooLarge(delivery.id, payload.length, maxMessageSize)
    const events = readTransfer(payload, format, { publisher: address.publisher })
    const partition = fixed ?? eventHub.partitionFor(events[0]?.partitionKey)
    partition.whenThawed(() =>
      attempt(delivery, () => {
        if (!open) {
          forget(delivery)
          return
        }
        store(events, partition)
        acknowledge(delivery, partition)
      }),
    )
  }

  /** Refuses a single delivery instead of failing the connection. */
  function attempt(delivery: RheaDelivery, step: () => void): void {
    try {
      step()
    } catch (error) {
      if (error instanceof DecodeError || error instanceof RangeError) settle(delivery, undecodable(error.message))
      else settle(delivery, serviceErrorOf(error, service))
    }
  }

  receiver.on('message', ({ message, delivery, format = 0 }: ReceivedMessage) => {
    if (!open) {
      forget(delivery)
      return
    }
    service.stats.transfersReceived++
    link.active()
    attempt(delivery, () => handle(message as Buffer, format, delivery))
  })
  receiver.add_credit(CREDIT)
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
function openProducer(receiver: RheaReceiver, partition: Partition | undefined): void {
  if (!wants(receiver, CAPABILITY)) return
  if (!partition) throw invalidPartition()
  const { properties } = receiver
  const given = (name: string) => toInteger(properties?.[`com.microsoft:${name}`])
  const producerId = given('producer-id')
  const epoch = given('producer-epoch')
  const sequenceNumber = given('producer-sequence-number')
  const state = partition.producers.open({
    ...(producerId !== undefined && { producerId }),
    ...(epoch !== undefined && { epoch }),
    ...(sequenceNumber !== undefined && { sequenceNumber }),
  })
  receiver.local.attach.offered_capabilities = CAPABILITY
  receiver.local.attach.properties = {
    'com.microsoft:producer-id': types.wrap_long(state.producerId),
    'com.microsoft:producer-epoch': types.wrap_short(state.epoch),
    'com.microsoft:producer-sequence-number': types.wrap_int(state.sequenceNumber),
  }
}
