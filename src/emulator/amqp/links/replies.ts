import type { RheaMessage, RheaReceiver, RheaSender } from '../rhea.js'

/** A node that answers requests: `$cbs` and `$management`. */
export interface RequestNode {
  /** The client sends requests on this link. Throws a `ServiceError` to refuse it. */
  openRequests(receiver: RheaReceiver): void
  /** The client wants the answers on this link. Throws a `ServiceError` to refuse it. */
  openReplies(sender: RheaSender): void
}

/** Requests a client may have under way. */
export const requestCredit = 100

/**
 * The links that answers go out on. `reply-to` is the link's name on `$cbs` and the address of its target on
 * `$management`. Observed: azure-sdk-for-js.
 */
export function createReplies() {
  const links = new Set<RheaSender>()

  function find(replyTo: string | undefined): RheaSender | undefined {
    for (const link of links) if (link.name === replyTo || link.target?.address === replyTo) return link
    return links.size === 1 ? [...links][0] : undefined
  }

  return {
    get count() {
      return links.size
    },
    add(sender: RheaSender) {
      sender.set_source({ address: sender.source?.address ?? '' })
      sender.set_target({ address: sender.target?.address ?? '' })
      links.add(sender)
      sender.on('sender_close', () => {
        links.delete(sender)
      })
    },
    /** Answers a request; nothing happens when the link it wants the answer on is gone. */
    send(request: RheaMessage, reply: RheaMessage) {
      find(request.reply_to)?.send({ ...reply, correlation_id: request.message_id })
    },
  }
}
