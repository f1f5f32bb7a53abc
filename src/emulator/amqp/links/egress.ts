import type { RefusedError } from '../../model/errors.js'
import { bytesOf } from '../../model/event.js'
import { resolvePosition } from '../../model/position.js'
import { serviceErrorOf } from '../refusals.js'
import { detach, onSessionEnd, type RheaSender, selectorOf, toInteger, wants } from '../rhea.js'
import { encodeRuntimeMetric, withDeliveryAnnotations } from '../runtime-metric.js'
import { parsePosition } from '../selector.js'
import { entityNotFound, invalidPartition, type ServiceError, scripted } from '../service-error.js'
import { createSessionWindow } from '../session-window.js'
import type { LinkContext } from './link-context.js'

export interface EgressAddress {
  readonly eventHub: string
  readonly consumerGroup: string
  readonly partition: string
}

/** Bytes given to the network before the next events wait for it to take them. */
const MAX_BUFFERED_BYTES = 1_048_576

/** Events sent before other links get their turn. */
const MAX_PER_TURN = 500

const RUNTIME_METRIC = 'com.microsoft:enable-receiver-runtime-metric'

/** A link on which a client reads a partition. Throws a `ServiceError` to refuse it. */
export function openEgress(context: LinkContext, sender: RheaSender, address: EgressAddress): void {
  const { service } = context
  const path = sender.source?.address ?? ''
  context.authorize(path, 'Listen')
  const eventHub = service.namespace.openEventHub(address.eventHub)
  if (!eventHub) throw entityNotFound(service.host, address.eventHub)
  const consumerGroup = service.namespace.openConsumerGroup(eventHub, address.consumerGroup)?.name
  if (!consumerGroup) throw entityNotFound(service.host, `${eventHub.name}/ConsumerGroups/${address.consumerGroup}`)
  const partition = eventHub.partition(address.partition)
  if (!partition) throw invalidPartition()
  const target = { direction: 'receive', eventHub, partition, consumerGroup } as const
  const refusal = service.faults.refusalOf(target)
  if (refusal) throw scripted(refusal)

  const { log } = partition
  log.trim(Date.now())
  let next = resolvePosition(parsePosition(selectorOf(sender)), log)
  const tracker = `${service.host}:eventhub:${eventHub.name.toLowerCase()}|${consumerGroup.toLowerCase()}`
  const refusalOf = (error: unknown) => serviceErrorOf(error, { host: service.host, report: service.report, tracker })
  const name = sender.properties?.['com.microsoft:receiver-name']
  const reader = {
    name: typeof name === 'string' ? name : undefined,
    epoch: toInteger(sender.properties?.['com.microsoft:epoch']),
    disconnect: (error: RefusedError) => end(refusalOf(error)),
  }
  const readers = partition.readersOf(consumerGroup)
  try {
    readers.add(reader)
  } catch (error) {
    throw refusalOf(error)
  }

  sender.set_source(sender.source ?? {})
  sender.set_target({ address: sender.target?.address ?? '' })
  // Settled by us when the client asks for that (1), else by it. AMQP 1.0 §2.8.2.
  if (sender.snd_settle_mode === 1) sender.local.attach.snd_settle_mode = 1
  const wantsMetric = wants(sender, RUNTIME_METRIC)

  let open = true
  let scheduled = false
  let draining = false
  /** Deliveries handed to rhea, in the way it counts those that left. */
  let handed = 0
  const link = context.opened({ ...target, isWaiting: () => credit() > 0, stop: close, detach: end }, path)
  const window = createSessionWindow(sender, TAG_SIZE)
  const removers = [
    partition.onChange(schedule),
    window.onChange(schedule),
    context.wire.onDrain(schedule),
    onSessionEnd(sender, close),
  ]

  function close(): void {
    if (!open) return
    open = false
    for (const remove of removers) remove()
    readers.remove(reader)
    link.closed()
  }

  function end(error: ServiceError): void {
    close()
    detach(sender, error)
  }

  /** Credit that is left when what rhea still holds is counted. */
  const credit = () => sender.credit - Math.max(0, handed - sender.delivery_count)

  function schedule(): void {
    if (scheduled || !open) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      pump()
    })
  }

  function pump(): void {
    if (!open || partition?.isFrozen) return
    log.trim(Date.now())
    const metric = wantsMetric && log.last ? runtimeMetric() : undefined
    let turn = MAX_PER_TURN
    let bytes = context.wire.bufferedBytes
    let room = window.room()
    while (credit() > 0 && room > 0 && sender.session.outgoing.available() > 0 && bytes < MAX_BUFFERED_BYTES) {
      next = Math.max(next, log.begin)
      const event = log.at(next)
      if (!event) break
      if (turn-- === 0) {
        schedule()
        return
      }
      const bare = bytesOf(event)
      const payload = metric ? withDeliveryAnnotations(bare, metric) : bare
      const transfers = window.transfersOf(payload.length)
      // One that is larger than the whole window is begun with what there is.
      if (transfers > room && room < window.room()) break
      room -= transfers
      const delivery = sender.send(payload, tagOf(handed), 0)
      if (sender.local.attach.snd_settle_mode === 1) delivery.settled = true
      handed++
      next++
      bytes += payload.length
      service.stats.eventsDelivered++
      link.active()
    }
    if (draining) drain()
  }

  /** Gives credit back that can't be used now, once all that was handed over has left. AMQP 1.0 §2.6.7. */
  function drain(): void {
    if (log.at(next) && credit() > 0) return
    if (handed > sender.delivery_count) {
      schedule()
      return
    }
    draining = false
    handed += sender.credit
    sender.set_drained(true)
  }

  function runtimeMetric(): Buffer {
    return encodeRuntimeMetric({
      lastSequenceNumber: log.last?.sequenceNumber ?? -1,
      lastOffset: String(log.last?.offset ?? -1),
      lastEnqueuedTime: log.last?.enqueuedTime ?? 0,
      now: Date.now(),
    })
  }

  sender.on('sender_flow', schedule)
  sender.on('sendable', schedule)
  sender.on('settled', schedule)
  sender.on('sender_draining', () => {
    draining = true
  })
  sender.on('sender_close', close)
}

const TAG_SIZE = 4

/** A delivery tag: unique on its link as long as it matters. AMQP 1.0 §2.6.12. */
function tagOf(delivery: number): Buffer {
  const tag = Buffer.allocUnsafe(TAG_SIZE)
  tag.writeUInt32BE(delivery >>> 0)
  return tag
}
