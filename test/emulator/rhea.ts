import rhea from 'rhea'

/** rhea as it behaves: its own types leave out most of it. */
export interface Rhea {
  create_container(): { connect(options: object): Connection }
  readonly message: { encode(message: object): Buffer; data_section(content: Buffer): object }
  readonly types: Record<'wrap_long' | 'wrap_int' | 'wrap_short', (value: number) => object>
}

interface Endpoint {
  on(event: string, listener: (context: Context) => void): this
  once(event: string, listener: (context: Context) => void): this
}

export interface Context {
  error: unknown
  receiver: Receiver
  message?: { body: unknown; application_properties?: Record<string, unknown> }
  delivery: { id: number; remote_settled: boolean; remote_state: { error: unknown }; update(settled: boolean): void }
}

interface Links {
  open_sender(options: object): Sender
  open_receiver(options: object): Receiver
}

interface Connection extends Endpoint, Links {
  create_session(): Links & { begin(): void; close(): void }
  close(): void
}

export interface Sender extends Endpoint {
  /** Bytes, as the peer's attach has it. */
  readonly max_message_size: number
  /** As the peer's attach has them. */
  readonly properties: Record<string, number | null> | undefined
  readonly error: unknown
  send(message: object, tag?: Buffer, format?: number): { id: number }
}

export interface Receiver extends Endpoint {
  readonly error: unknown
  readonly credit: number
  drain: boolean
  add_credit(count: number): void
  drain_credit(): void
  close(): void
}

const typed = rhea as unknown as Rhea

/** A connection of rhea's to an emulator, with the key that every emulator takes, which stays down once it is lost. */
export const connectRhea = (port: number, options: object = {}): Connection =>
  typed.create_container().connect({
    host: '127.0.0.1',
    port,
    username: 'RootManageSharedAccessKey',
    password: 'SAS_KEY_VALUE',
    reconnect: false,
    ...options,
  })

export default typed
