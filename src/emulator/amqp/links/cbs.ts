import { tokenKindOf } from '../../authorization.js'
import { encodeInt, encodeString } from '../codec/encode.js'
import type { RequestMessage } from '../codec/message.js'
import { serviceErrorOf } from '../refusals.js'
import { badToken, entityNotFound, notImplemented, type ServiceError } from '../service-error.js'
import type { LinkContext } from './link-context.js'
import { RequestNode } from './request-node.js'

/**
 * `$cbs`: takes tokens. Source: azure-sdk-for-js, core-amqp/src/cbs.ts; status 202 as the service answers (azure-amqp,
 * AmqpCbsLink.cs accepts 200 and 202).
 */
export function createCbs(context: LinkContext): RequestNode {
  const { service } = context

  async function putToken({ properties, body: token }: RequestMessage): Promise<void> {
    const [operation, name, type] = ['operation', 'name', 'type'].map((key) => properties.get(key))
    if (operation !== 'put-token') throw notImplemented(`The operation '${String(operation)}' is not supported.`)
    if (typeof name !== 'string' || typeof token !== 'string') {
      throw badToken('MalformedToken', 'put-token needs a name and a token.')
    }
    service.stats.tokensReceived++
    const grant = await service.authorizer.verify(token, tokenKindOf(token, type), name)
    // The namespace itself, `$management` and anything in a known event hub. Observed: a token for an unknown entity is
    // answered with 404, azure-sdk-for-js client.spec.
    const [hub = ''] = grant.path.split('/', 1)
    if (hub !== '' && !hub.startsWith('$') && !service.namespace.knowsEventHub(hub)) {
      throw entityNotFound(service.host, grant.path)
    }
    context.grant(grant)
  }

  return new RequestNode({
    fail: (error) => service.report(error),
    async answer(request) {
      let failure: ServiceError | undefined
      try {
        await putToken(request)
      } catch (error) {
        failure = serviceErrorOf(error, service)
        context.log(`was refused a token: ${failure.description}`)
      }
      return {
        properties: {
          'status-code': encodeInt(failure?.status ?? 202),
          'status-description': encodeString(failure?.description ?? 'Accepted'),
          ...(failure && { 'error-condition': encodeString(failure.condition) }),
        },
      }
    },
  })
}
