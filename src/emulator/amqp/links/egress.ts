import type { RefusedError } from '../../model/errors.js'
import { bytesOf } from '../../model/event.js'
import { resolvePosition } from '../../model/position.js'
import { encodeRuntimeMetric, hasHeader, withDeliveryAnnotations } from '../codec/runtime-metric.js'
import type { SendingLink } from '../protocol/sending-link.js'
import { serviceErrorOf } from '../refusals.js'
import { parsePosition } from '../selector.js'
import { entityNotFound, invalidPartition, type ServiceError, scripted } from '../service-error.js'
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
export function openEgress(context: LinkContext, link: SendingLink, address: EgressAddress): void {
  const { service } = context
  const path = link.address ?? ''
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
  let next = resolvePosition(parsePosition(link.selector), log)
  const tracker = `${service.host}:eventhub:${eventHub.name.toLowerCase()}|${consumerGroup.toLowerCase()}`
  const refusalOf = (error: unknown) => serviceErrorOf(error, { host: service.host, report: service.report, tracker })
  const name = link.properties.get('com.microsoft:receiver-name')
  const epoch = link.properties.get('com.microsoft:epoch')
  const reader = {
    name: typeof name === 'string' ? name : undefined,
    epoch: typeof epoch === 'number' || typeof epoch === 'bigint' ? Number(epoch) : undefined,
    disconnect: (error: RefusedError) => end(refusalOf(error)),
  }
  const readers = partition.readersOf(consumerGroup)
  try {
    readers.add(reader)
  } catch (error) {
    throw refusalOf(error)
  }

  const wantsMetric = link.wants(RUNTIME_METRIC)
  let open = true
  let scheduled = false
  const record = context.opened({ ...target, isWaiting: () => link.credit > 0, stop: close, detach: end }, path)
  const removers = [partition.onChange(schedule), context.wire.onDrain(schedule)]
  link.onReady(schedule)
  link.onEnd(close)
  // Observed: frames in amqp/rhea #56 and #205; azeventhubs for Go settles nothing and runs out of credit without. Of
  // readers that name the mode "mixed", as Qpid Proton does, nothing is known: they settle.
  link.settlesByDefault = true
  link.attach()

  function close(): void {
    if (!open) return
    open = false
    for (const remove of removers) remove()
    readers.remove(reader)
    record.closed()
  }

  function end(error: ServiceError): void {
    close()
    link.detach(error)
  }

  function schedule(): void {
    if (scheduled || !open) return
    if (link.credit === 0 && !link.isDraining) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      pump()
    })
  }

  function pump(): void {
    if (!open) return
    const hasMore = !partition?.isFrozen && sendWhatFits()
    if (!hasMore) link.drained()
  }

  /** Sends what fits; true while there is more to send, and credit for it. */
  function sendWhatFits(): boolean {
    log.trim(Date.now())
    const metric = wantsMetric && log.last ? runtimeMetric() : undefined
    const { wire } = context
    let sent = 0
    while (link.canSend && wire.bufferedBytes < MAX_BUFFERED_BYTES) {
      next = Math.max(next, log.begin)
      const event = log.at(next)
      if (!event) break
      if (sent === MAX_PER_TURN) {
        schedule()
        break
      }
      const { batch, start, end: eventEnd } = event
      if (metric && hasHeader(batch, start)) {
        const whole = withDeliveryAnnotations(bytesOf(event), metric)
        link.send(whole, 0, whole.length)
      } else link.send(batch, start, eventEnd, metric)
      next++
      sent++
    }
    if (sent > 0) {
      service.stats.eventsDelivered += sent
      record.active()
    }
    return link.credit > 0 && log.end > next
  }

  function runtimeMetric(): Buffer {
    return encodeRuntimeMetric({
      lastSequenceNumber: log.last?.sequenceNumber ?? -1,
      lastOffset: String(log.last?.offset ?? -1),
      lastEnqueuedTime: log.last?.enqueuedTime ?? 0,
      now: Date.now(),
    })
  }
}
