import type { AmqpError } from '../codec/performative.js'

/** The peer broke the protocol: the connection ends with this. AMQP 1.0 §2.8.16. */
export class ProtocolError extends Error implements AmqpError {
  readonly condition: string

  constructor(text: string, condition = 'amqp:connection:framing-error') {
    super(text)
    this.name = 'ProtocolError'
    this.condition = condition
  }

  get description(): string {
    return this.message
  }
}

/** Only the session ends. AMQP 1.0 §2.8.17. */
export class SessionError extends Error implements AmqpError {
  readonly condition: string

  constructor(condition: string, text: string) {
    super(text)
    this.name = 'SessionError'
    this.condition = condition
  }

  get description(): string {
    return this.message
  }
}
