import { KafkaJSNonRetriableError } from '../../errors/index.js'

/** kafkajs's states of a transactional producer. */
export type TransactionState = 'UNINITIALIZED' | 'READY' | 'TRANSACTING' | 'COMMITTING' | 'ABORTING'

/** A commit that failed leads back, so that it can be tried again or given up: kafkajs's would be stuck. */
const successors: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  UNINITIALIZED: ['READY'],
  READY: ['TRANSACTING'],
  TRANSACTING: ['COMMITTING', 'ABORTING'],
  COMMITTING: ['READY', 'TRANSACTING'],
  ABORTING: ['READY'],
}

export class TransactionStateMachine {
  #state: TransactionState = 'UNINITIALIZED'

  get state(): TransactionState {
    return this.#state
  }

  /** @throws KafkaJSNonRetriableError for a step that the table does not have. */
  transitionTo(state: TransactionState): void {
    if (!successors[this.#state].includes(state)) {
      throw new KafkaJSNonRetriableError(`Transaction state exception: Invalid transition ${this.#state} --> ${state}`)
    }
    this.#state = state
  }
}
