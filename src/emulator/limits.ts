import type { EmulatorLog } from './log.js'
import type { Namespace } from './model/namespace.js'

/** Microsoft: "Overview of the Azure Event Hubs emulator", "Usage quotas". */
const LIMITS = { eventHubs: 10, consumerGroups: 20, partitions: 32 }

/** Warns, once for each, of what Microsoft's emulator would refuse. */
export function warnOfLimits(namespace: Namespace, log: EmulatorLog): void {
  const told = new Set<string>()
  const warn = (what: string) => {
    if (told.has(what)) return
    told.add(what)
    log({ level: 'warn', message: `${what}; Microsoft's emulator would refuse that.` })
  }
  const look = () => {
    const eventHubs = namespace.listEventHubs()
    if (eventHubs.length > LIMITS.eventHubs) warn(`There are more than ${LIMITS.eventHubs} event hubs`)
    for (const { name, partitionCount, consumerGroups } of eventHubs) {
      if (partitionCount > LIMITS.partitions)
        warn(`The event hub '${name}' has more than ${LIMITS.partitions} partitions`)
      if (consumerGroups.length > LIMITS.consumerGroups) {
        warn(`The event hub '${name}' has more than ${LIMITS.consumerGroups} consumer groups`)
      }
    }
  }
  namespace.onEdit(look)
  look()
}
