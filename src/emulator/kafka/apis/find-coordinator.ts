import { mayAnywhere, NODE_ID, type RequestContext } from '../context.js'
import { ERROR } from '../protocol/error-codes.js'
import { FIND_COORDINATOR } from '../protocol/schemas/groups.js'
import { handler } from './handler.js'

const GROUP = 0
const TRANSACTION = 1

export const findCoordinator = handler(FIND_COORDINATOR, (context, request) => {
  const { keyType } = request
  const keys = context.version >= 4 ? request.coordinatorKeys : [request.key]
  const coordinators = keys.map((key) => coordinatorOf(context, key, keyType))
  return { ...coordinators[0], coordinators }
})

function coordinatorOf(context: RequestContext, key: string, keyType: number) {
  const refused = (errorCode: number, errorMessage: string | null = null) => ({
    key,
    errorCode,
    errorMessage,
    nodeId: -1,
    host: '',
    port: -1,
  })
  if (keyType === TRANSACTION) {
    return refused(
      ERROR.transactionalIdAuthorizationFailed,
      'Transactions are not supported here. On Azure they need the Premium or Dedicated tier.',
    )
  }
  if (keyType !== GROUP) return refused(ERROR.invalidRequest)
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName, group: key })
  if (fault !== undefined) return refused(fault)
  if (!mayAnywhere(context, 'Listen')) return refused(ERROR.groupAuthorizationFailed)
  return { key, errorCode: ERROR.none, errorMessage: null, nodeId: NODE_ID, ...context.address }
}
