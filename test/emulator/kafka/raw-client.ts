import { connect, type Socket } from 'node:net'
import { APIS } from '../../../src/emulator/kafka/apis/index.js'
import { Frames } from '../../../src/emulator/kafka/frames.js'
import { decodeResponse, encodeRequest } from '../../../src/emulator/kafka/protocol/api.js'
import { closeOf } from '../../support/closing.js'

/** A Kafka client that says what it is told to, in the emulator's own tables: those are held to other clients' elsewhere. */
export class RawClient {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  #frames = new Frames()
  #waiting: ((frame: Buffer) => void)[] = []
  #correlationId = 0

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.closed = closeOf(this.socket)
    this.socket.on('data', (chunk) => {
      this.#frames.push(chunk)
      for (let frame = this.#frames.next(2 ** 31); frame; frame = this.#frames.next(2 ** 31)) {
        this.#waiting.shift()?.(frame)
      }
    })
  }

  /** The next frame, without its size. Rejects when the connection is gone. */
  frame(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      void this.closed.then(() => reject(new Error('closed')))
    })
  }

  async ask(name: string, version: number, request: object): Promise<Record<string, unknown>> {
    const api = apiOf(name)
    const answer = this.frame()
    const correlationId = ++this.#correlationId
    this.socket.write(
      encodeRequest({ api, version, correlationId, clientId: 'raw', request: request as Record<string, unknown> }),
    )
    const decoded = decodeResponse({ api, version, frame: await answer })
    if (decoded.correlationId !== correlationId) throw new Error(`answer ${decoded.correlationId} to ${correlationId}`)
    return decoded.response
  }

  async login(connectionString: string): Promise<Record<string, unknown>> {
    await this.ask('SaslHandshake', 1, { mechanism: 'PLAIN' })
    const authBytes = Buffer.from(`\0$ConnectionString\0${connectionString}`)
    return this.ask('SaslAuthenticate', 2, { authBytes })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

export function apiOf(name: string) {
  const api = APIS.find((each) => each.name === name)
  if (!api) throw new Error(`no API ${name}`)
  return api
}
