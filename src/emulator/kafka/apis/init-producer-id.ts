import { mayAnywhere } from '../context.js'
import { ERROR } from '../protocol/error-codes.js'
import { INIT_PRODUCER_ID } from '../protocol/schemas/records.js'
import { handler } from './handler.js'

const MAX_EPOCH = 0x7fff

/** Transactions are refused at once: on a Standard namespace a program that tries waits for ever. for-kafka #252. */
export const initProducerId = handler(INIT_PRODUCER_ID, (context, request) => {
  const { transactionalId, producerId, producerEpoch } = request
  if (transactionalId !== null) return { errorCode: ERROR.transactionalIdAuthorizationFailed }
  if (!mayAnywhere(context, 'Send')) return { errorCode: ERROR.clusterAuthorizationFailed }
  const fault = context.service.faults.kafkaErrorOf({ api: context.apiName })
  if (fault !== undefined) return { errorCode: fault }
  if (producerId >= 0 && producerEpoch >= 0 && producerEpoch < MAX_EPOCH) {
    return { errorCode: ERROR.none, producerId, producerEpoch: producerEpoch + 1 }
  }
  return { errorCode: ERROR.none, producerId: context.producers.createId(), producerEpoch: 0 }
})
