import { encodeReply, type ReplyMessage, type RequestMessage, readRequest } from '../codec/message.js'
import { DecodeError } from '../codec/values.js'
import type { Delivery, ReceivingLink } from '../protocol/receiving-link.js'
import type { SendingLink } from '../protocol/sending-link.js'
import { messageTooLarge, undecodable } from '../service-error.js'

/** Requests a client may have under way. */
const REQUEST_CREDIT = 100

/** Far more than any token or question has; they come before anything is known of who sends them. */
const MAX_REQUEST_BYTES = 1_048_576

/** Answers that wait for credit; a client that takes none of so many does without. */
export const MAX_WAITING = 1000

/** A link that answers go out on, and those that wait for credit. */
interface ReplyLink {
  readonly link: SendingLink
  readonly waiting: Buffer[]
}

/** A node that answers requests: `$cbs` and `$management`. */
export class RequestNode {
  readonly #answer: (request: RequestMessage) => Promise<Omit<ReplyMessage, 'correlationId'>>
  readonly #fail: (error: unknown) => void
  #replyLinks = new Set<ReplyLink>()
  #requestLinks = 0

  constructor(options: {
    /** Never rejects: what is refused is an answer too. */
    answer(request: RequestMessage): Promise<Omit<ReplyMessage, 'correlationId'>>
    /** A mistake of the emulator itself. */
    fail(error: unknown): void
  }) {
    this.#answer = options.answer
    this.#fail = options.fail
  }

  get requestLinks(): number {
    return this.#requestLinks
  }

  get replyLinks(): number {
    return this.#replyLinks.size
  }

  /** The client sends requests on this link. */
  openRequests(link: ReceivingLink): void {
    this.#requestLinks++
    link.onEnd(() => {
      this.#requestLinks--
    })
    link.attach()
    link.receive({
      credit: REQUEST_CREDIT,
      maxBytes: MAX_REQUEST_BYTES,
      onDelivery: (delivery) => this.#onRequest(link, delivery),
    })
  }

  /** The client wants the answers on this link. */
  openReplies(link: SendingLink): void {
    const replies: ReplyLink = { link, waiting: [] }
    this.#replyLinks.add(replies)
    link.onEnd(() => {
      this.#replyLinks.delete(replies)
    })
    link.onReady(() => sendWaiting(replies))
    link.attach()
  }

  #onRequest(link: ReceivingLink, delivery: Delivery): void {
    link.addCredit(1)
    if (delivery.size > MAX_REQUEST_BYTES) {
      link.settle(delivery, messageTooLarge(delivery.id, delivery.size, MAX_REQUEST_BYTES))
      return
    }
    let request: RequestMessage
    try {
      request = readRequest(delivery.payload)
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof RangeError)) throw error
      link.settle(delivery, undecodable(error.message))
      return
    }
    link.settle(delivery)
    this.#answer(request)
      .then((reply) => this.#send(request, reply))
      .catch(this.#fail)
  }

  /**
   * Answers on the link that the request names: `reply-to` is the link's name on `$cbs` and the address of its target on
   * `$management`. Observed: azure-sdk-for-js. Nothing happens when that link is gone.
   */
  #send(request: RequestMessage, reply: Omit<ReplyMessage, 'correlationId'>): void {
    const links = [...this.#replyLinks]
    const named = links.find(({ link }) => link.name === request.replyTo || link.ownAddress === request.replyTo)
    const replies = named ?? (links.length === 1 ? links[0] : undefined)
    if (!replies || replies.waiting.length >= MAX_WAITING) return
    replies.waiting.push(encodeReply({ ...reply, correlationId: request.messageId }))
    sendWaiting(replies)
  }
}

function sendWaiting({ link, waiting }: ReplyLink): void {
  while (link.canSend) {
    const reply = waiting.shift()
    if (!reply) break
    link.send(reply, 0, reply.length)
  }
  link.drained()
}
