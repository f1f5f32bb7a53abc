import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'

/** The longest silence of a peer that has not said what it speaks yet. */
const SILENCE_MS = 60_000

const TLS_HANDSHAKE = 0x16

export interface AcceptorOptions {
  /** With it only TLS is spoken. */
  readonly secureContext: SecureContext | undefined
  amqp(socket: Socket): void
  kafka(socket: Socket): void
  http(socket: Socket): void
}

/** Hands each connection to the protocol that its first bytes tell. */
export function createAcceptor(options: AcceptorOptions): (socket: Socket) => void {
  const { secureContext, amqp, kafka, http } = options

  function acceptPlain(socket: Socket): void {
    whenFirstBytes(socket, 4, (first) => {
      if (first.toString('latin1', 0, 4) === 'AMQP') amqp(socket)
      // The size of a Kafka request: below 16 MiB. AMQP and HTTP begin with a letter.
      else if (first[0] === 0) kafka(socket)
      else http(socket)
    })
  }

  function acceptTls(socket: Socket): void {
    whenFirstBytes(socket, 1, (first) => {
      if (first[0] === TLS_HANDSHAKE) {
        acceptPlain(new TLSSocket(socket, { isServer: true, ...(secureContext && { secureContext }) }))
      } else socket.destroy()
    })
  }

  return secureContext ? acceptTls : acceptPlain
}

/** Waits for the first bytes and puts them back: whoever gets the socket then reads them again. */
function whenFirstBytes(socket: Socket, count: number, then: (first: Buffer) => void): void {
  const onError = () => socket.destroy()
  const silence = setTimeout(onError, SILENCE_MS).unref()
  socket.on('error', onError)
  socket.on('readable', onReadable)
  socket.once('close', () => clearTimeout(silence))

  function onReadable(): void {
    // Not `read()` and `unshift()` of what is too short: that calls back at once, for ever.
    const first: Buffer | null = socket.read(count)
    if (first === null || first.length < count) return
    socket.off('readable', onReadable)
    clearTimeout(silence)
    socket.unshift(first)
    then(first)
  }
}
