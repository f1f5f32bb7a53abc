import { type AddressInfo, createServer, type Socket } from 'node:net'

/** The ports of a server; to be listened on, 0 picks a free one. */
export interface Ports {
  readonly port: number
  /** The second one, where Kafka clients are used to find it. */
  readonly kafkaPort: number | undefined
  /** The one that answers health checks alone. */
  readonly healthPort: number | undefined
}

export interface ListenerOptions extends Ports {
  readonly host: string
  /** Takes the connections of both the first port and Kafka's own. */
  accept(socket: Socket): void
  acceptHealth(socket: Socket): void
}

/** The ports that are listened on. */
export interface Listeners extends Ports {
  /** Takes no more connections; resolves when those there are have ended. */
  close(): Promise<void>
}

interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Listens on every port that is asked for. Rejects with the system's error, and listens on none, when one can't be had. */
export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  const { host, accept, acceptHealth } = options
  const open: Listener[] = []
  const close = async () => {
    await Promise.all(open.map((listener) => listener.close()))
  }
  const add = async (port: number, onSocket: (socket: Socket) => void): Promise<number> => {
    const listener = await listen(host, port, onSocket)
    open.push(listener)
    return listener.port
  }
  try {
    return {
      port: await add(options.port, accept),
      kafkaPort: options.kafkaPort === undefined ? undefined : await add(options.kafkaPort, accept),
      healthPort: options.healthPort === undefined ? undefined : await add(options.healthPort, acceptHealth),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(host: string, port: number, accept: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true }, accept)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
