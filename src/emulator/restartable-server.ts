import { setTimeout as sleep } from 'node:timers/promises'
import type { Ports } from './listeners.js'
import type { Server } from './server.js'

/** A server that may stop and begin anew on the ports it first had. */
export interface RestartableServer extends Server {
  /** `downMs`: how long nobody listens in between. Rejects when it is closed. */
  restart(downMs: number): Promise<void>
}

export async function startRestartable(
  start: (ports: Ports) => Promise<Server>,
  wanted: Ports,
): Promise<RestartableServer> {
  let server = await start(wanted)
  const { port, kafkaPort, healthPort } = server
  /** The restart under way; never rejects. */
  let restarting: Promise<void> = Promise.resolve()
  let isClosed = false

  const restart = async (downMs: number): Promise<void> => {
    await restarting
    if (isClosed) throw new Error('The emulator is closed')
    await server.close()
    if (downMs > 0) await sleep(downMs)
    server = await start({ port, kafkaPort, healthPort })
  }

  return {
    port,
    kafkaPort,
    healthPort,
    restart(downMs) {
      const restarted = restart(downMs)
      restarting = restarted.catch(() => {})
      return restarted
    },
    async close() {
      isClosed = true
      await restarting
      await server.close()
    },
  }
}
