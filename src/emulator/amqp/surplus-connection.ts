import type { Service } from '../service.js'
import { Peer } from './protocol/peer.js'
import { quotaExceeded } from './service-error.js'
import type { Wire } from './wire.js'

/** The time a refused client has to answer the CLOSE. */
const GOODBYE_MS = 1000

/**
 * A connection beyond the limit: it is closed with its OPEN. The text is that of Azure/azure-service-bus #3; how Event Hubs
 * puts it over AMQP has not been observed.
 */
export function refuseSurplus(service: Service, wire: Wire, containerId: string): void {
  const { settings, host, authorizer, log } = service
  const destroyAfter = (ms: number) => setTimeout(() => wire.destroy(), ms).unref()
  const silence = settings.idleLimits.authentication > 0 ? destroyAfter(settings.idleLimits.authentication) : undefined
  wire.onClose(() => clearTimeout(silence))
  const nothing = () => undefined
  new Peer(wire, containerId, {
    checkPlain: (user, password) => authorizer.verifyKey(user, password) !== undefined,
    onOpen(peer) {
      log({ level: 'warn', message: `An AMQP connection was refused: ${settings.maxConnections} are open` })
      peer.close(quotaExceeded(`ConnectionsQuotaExceeded for namespace: ${host}.`))
      destroyAfter(GOODBYE_MS)
    },
    onSendingLink: nothing,
    onReceivingLink: nothing,
    onEnd: nothing,
    onFailure: nothing,
    report: (error) => service.report(error),
  })
}
