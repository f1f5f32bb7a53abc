import { serviceErrorOf } from '../refusals.js'
import type { ReceivedMessage, RheaMessage, RheaReceiver, RheaSender } from '../rhea.js'
import { accept, types } from '../rhea.js'
import { badToken, entityNotFound, notAllowed, notImplemented, type ServiceError } from '../service-error.js'
import type { LinkContext } from './link-context.js'
import { createReplies, type RequestNode, requestCredit } from './replies.js'

/**
 * `$cbs`: takes tokens. Source: azure-sdk-for-js, core-amqp/src/cbs.ts; status 202 as the service answers (azure-amqp,
 * AmqpCbsLink.cs accepts 200 and 202). Only one pair of links per connection. Observed: azure-event-hubs-node #174, #186.
 */
export function createCbs(context: LinkContext): RequestNode {
  const { service } = context
  const replies = createReplies()
  let requests = 0

  async function putToken(request: RheaMessage): Promise<void> {
    const { operation, name, type } = request.application_properties ?? {}
    if (operation !== 'put-token') throw notImplemented(`The operation '${operation}' is not supported.`)
    if (typeof name !== 'string' || typeof request.body !== 'string') {
      throw badToken('MalformedToken', 'put-token needs a name and a token.')
    }
    service.stats.tokensReceived++
    const kind = isJwt(type, request.body) ? 'jwt' : 'sas'
    const grant = await service.authorizer.verify(request.body, kind, name)
    // The namespace itself, `$management` and anything in a known event hub. Observed: a token for an unknown entity is
    // answered with 404, azure-sdk-for-js client.spec.
    const [hub = ''] =
      /^.+?(?=\/(?:partitions|publishers|consumergroups|\$management)(?:\/|$))|.+/.exec(grant.path) ?? []
    if (hub !== '' && !hub.startsWith('$') && !service.namespace.knowsEventHub(hub)) {
      throw entityNotFound(service.host, grant.path)
    }
    context.grant(grant)
  }

  async function onRequest({ message, delivery }: ReceivedMessage, receiver: RheaReceiver): Promise<void> {
    const request = message as RheaMessage
    let status = 202
    let failure: ServiceError | undefined
    try {
      await putToken(request)
    } catch (error) {
      failure = serviceErrorOf(error, service)
      status = failure.status
    }
    if (context.wire.isClosed) return
    accept(delivery)
    receiver.add_credit(1)
    replies.send(request, {
      application_properties: {
        'status-code': types.wrap_int(status),
        'status-description': failure?.description ?? 'Accepted',
        ...(failure && { 'error-condition': failure.condition }),
      },
    })
  }

  return {
    openRequests(receiver: RheaReceiver) {
      if (requests > 0) {
        throw notAllowed(`A link to connection '${receiver.name}' $cbs node has already been opened.`)
      }
      requests++
      receiver.set_source({ address: receiver.source?.address ?? '' })
      receiver.set_target({ address: '$cbs' })
      receiver.on('receiver_close', () => {
        requests--
      })
      receiver.on('message', (received) => {
        void onRequest(received, receiver).catch(() => context.destroy())
      })
      receiver.add_credit(requestCredit)
    },
    openReplies(sender: RheaSender) {
      if (replies.count > 0) {
        throw notAllowed(`A link to connection '${sender.name}' $cbs node has already been opened.`)
      }
      replies.add(sender)
    },
  }
}

/** `jwt`, or the older names of the token type. Source: azure-amqp, CbsConstants. */
function isJwt(type: unknown, token: string): boolean {
  if (typeof type === 'string' && /(^|:)jwt$/.test(type)) return true
  return type !== 'servicebus.windows.net:sastoken' && !/^\s*SharedAccessSignature/i.test(token)
}
