import rhea from 'rhea'

/** rhea as it behaves: its own types leave out most of it. */
export interface Rhea {
  create_container(): { connect(options: object): Connection }
  readonly message: { encode(message: object): Buffer }
}

interface Endpoint {
  on(event: string, listener: (context: Context) => void): this
  once(event: string, listener: (context: Context) => void): this
}

interface Context {
  error: unknown
  receiver: Receiver
  delivery: { id: number; remote_state: { error: unknown } }
}

interface Connection extends Endpoint {
  open_sender(options: object): Endpoint & {
    send(message: object, tag?: Buffer, format?: number): { id: number }
  }
  open_receiver(options: object): Receiver
  close(): void
}

interface Receiver extends Endpoint {
  readonly error: unknown
  readonly credit: number
  drain: boolean
  add_credit(count: number): void
  drain_credit(): void
}

export default rhea as unknown as Rhea
