import { KafkaJSNonRetriableError } from '../../errors/index.js'
import { createProtocolError } from '../../errors/protocol-errors.js'
import { createSerial } from '../../util/serial.js'
import { amqpTypes } from '../connection/amqp-types.js'
import type { PartitionLink } from './partition-link.js'
import { type EventSender, reasonOf, type SenderCallOptions, type SenderOptions } from './sender.js'
import { Refusal, type SendingLink } from './sending-link.js'
import { type ProducerIdentity, Transfer } from './transfer.js'

/** The capability a link asks for to publish idempotently. Source: `EventHubSender` of `@azure/event-hubs`. */
export const idempotentCapability = 'com.microsoft:idempotent-producer'

const names = {
  id: 'com.microsoft:producer-id',
  epoch: 'com.microsoft:producer-epoch',
  sequenceNumber: 'com.microsoft:producer-sequence-number',
} as const

/** A producer as the service knows it. */
interface Producer extends ProducerIdentity {
  /** Sequence number of the last event stored. */
  last: number
}

/** A transfer that may have been stored under the numbers behind `before`, up to `last`. */
interface Doubt {
  readonly transfer: Transfer
  readonly before: number
  readonly last: number
}

/** Says which producer a new link is for; nothing lets the service make one. */
export type ProducerProperties = () => Readonly<Record<string, object | null>>

/**
 * Once: the service knows a transfer that is sent again by the sequence numbers of its events. When an acknowledgement
 * is lost the link is opened again, on which the service tells the last number it has: so it is found out whether the
 * transfer was stored. One that was given up in doubt may still be stored: what follows it goes out under a new producer,
 * lest it be taken for a repetition.
 */
export class IdempotentSender implements EventSender {
  readonly #link: PartitionLink
  readonly #options: SenderOptions
  readonly #inTurn = createSerial()
  #producer: Producer | undefined
  /** The link on which the producer was last agreed with the service. */
  #agreedOn: SendingLink | undefined
  #doubt: Doubt | undefined

  constructor(openLink: (properties: ProducerProperties) => PartitionLink, options: SenderOptions) {
    this.#link = openLink(() => this.#properties())
    this.#options = options
  }

  async newTransfer({ abortSignal }: SenderCallOptions = {}): Promise<Transfer> {
    try {
      const { maxMessageSize } = await this.#link.open(abortSignal)
      return new Transfer(maxMessageSize, { isNumbered: true, buffers: this.#options.buffers })
    } catch (error) {
      throw this.#options.toError(error)
    }
  }

  send(transfer: Transfer, { abortSignal }: SenderCallOptions = {}): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#send(transfer, abortSignal)
      } catch (error) {
        throw this.#options.toError(reasonOf(error))
      }
    })
  }

  async close(): Promise<void> {
    this.#link.close()
  }

  async #send(transfer: Transfer, signal: AbortSignal | undefined): Promise<void> {
    if (this.#doubt && this.#doubt.transfer !== transfer) this.#renounce()
    const isRepeated = this.#doubt !== undefined
    try {
      await this.#sendAsProducer(transfer, signal)
    } catch (error) {
      if (!isProducerLost(reasonOf(error))) throw error
      this.#renounce()
      if (isRepeated) throw unknownOutcome(reasonOf(error))
      // Nothing of it has been stored yet: another producer may send it.
      await this.#sendAsProducer(transfer, signal)
    }
  }

  async #sendAsProducer(transfer: Transfer, signal: AbortSignal | undefined): Promise<void> {
    const link = await this.#link.open(signal)
    const producer = this.#agree(link)
    if (this.#doubt && producer.last === this.#doubt.last) {
      this.#doubt = undefined
      return
    }
    const isFirst = !this.#doubt
    const before = this.#doubt?.before ?? producer.last
    const last = plus(before, transfer.count)
    this.#doubt = { transfer, before, last }
    transfer.number(producer, plus(before, 1))
    try {
      await link.send(transfer.sent(), signal)
    } catch (error) {
      // One refused after it was in doubt may still be stored by the attempt before.
      if (isFirst && error instanceof Refusal) this.#doubt = undefined
      throw error
    }
    producer.last = last
    this.#doubt = undefined
    transfer.stored()
  }

  /** The producer, with what the service has just said of it when the link is new. */
  #agree(link: SendingLink): Producer {
    if (this.#producer && this.#agreedOn === link) return this.#producer
    const { [names.id]: id, [names.epoch]: epoch, [names.sequenceNumber]: last } = link.properties
    if ((typeof id !== 'number' && !Buffer.isBuffer(id)) || typeof epoch !== 'number' || typeof last !== 'number') {
      throw new KafkaJSNonRetriableError('The event hub offers no idempotent publishing: leave out idempotent')
    }
    this.#agreedOn = link
    this.#producer = { id, epoch, last }
    return this.#producer
  }

  #properties(): Readonly<Record<string, object | null>> {
    if (!this.#producer) return {}
    const { id, epoch } = this.#producer
    // All three or none; what is left open the service tells.
    return {
      [names.id]: amqpTypes.long(id),
      [names.epoch]: amqpTypes.short(epoch),
      [names.sequenceNumber]: null,
    }
  }

  /** The next transfer goes out under a new producer. */
  #renounce(): void {
    this.#producer = undefined
    this.#agreedOn = undefined
    this.#doubt = undefined
    this.#link.drop()
  }
}

/** Sequence numbers are AMQP ints and begin at 0 again after the last. */
const plus = (number: number, count: number) => (number + count) % 2 ** 31

const lossCodes = new Set([
  'SequenceOutOfOrderError',
  'com.microsoft:out-of-order-sequence',
  'ProducerDisconnectedError',
  'com.microsoft:producer-epoch-stolen',
])

/** The service does not take this producer any more. */
function isProducerLost(error: unknown): boolean {
  const { code, condition } = (error ?? {}) as { code?: unknown; condition?: unknown }
  return lossCodes.has(String(code)) || lossCodes.has(String(condition))
}

function unknownOutcome(cause: unknown): Error {
  const message =
    'The service no longer knows this producer, so it cannot be told whether messages whose acknowledgement was lost are ' +
    'stored. Read the topic before sending them again'
  return createProtocolError('OUT_OF_ORDER_SEQUENCE_NUMBER', { message, cause })
}
