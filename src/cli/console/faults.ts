import type { Emulator } from '../../emulator/index.js'
import { Refusal } from './guard.js'

const THROTTLED_MS = 10_000
const DELAYED_MS = 2000

/** Provokes a fault of the emulator. Resolves with what was done, in a sentence. */
export async function provoke(
  { faults }: Emulator,
  name: string,
  { hub, partition }: Record<string, unknown>,
): Promise<{ done: string }> {
  const filter = typeof hub === 'string' && hub !== '' ? { hub } : {}
  const where = 'hub' in filter ? ` of ${filter.hub}` : ''
  switch (name) {
    case 'drop-connections':
      return { done: `${await faults.dropConnections()} connections dropped` }
    case 'detach-links': {
      const count = await faults.detachLinks({ ...filter, condition: 'amqp:link:detach-forced' })
      return { done: `${count} links${where} detached` }
    }
    case 'throttle':
      faults.throttle({ ...filter, forMs: THROTTLED_MS })
      return { done: `Sends${where} are answered with "server busy" for ${THROTTLED_MS / 1000} s` }
    case 'lose-acknowledgement':
      faults.loseDispositions({ ...filter, times: 1 })
      return { done: `The next message${where} is stored, and its sender does not learn it` }
    case 'delay-acknowledgements':
      faults.delayDispositions({ ...filter, ms: DELAYED_MS, times: 10 })
      return { done: `The next 10 sends${where} are acknowledged after ${DELAYED_MS / 1000} s` }
    case 'expire-tokens':
      return { done: `The tokens of ${await faults.expireTokens()} links have expired` }
    case 'steal-epoch': {
      const { name, id } = partitionOf(hub, partition)
      setTimeout(faults.stealEpoch({ hub: name, partition: id }), THROTTLED_MS).unref()
      return { done: `Another reader holds partition ${id} of ${name} for ${THROTTLED_MS / 1000} s` }
    }
    case 'freeze': {
      const { name, id } = partitionOf(hub, partition)
      setTimeout(faults.freeze({ hub: name, partition: id }), THROTTLED_MS).unref()
      return { done: `Partition ${id} of ${name} is frozen for ${THROTTLED_MS / 1000} s` }
    }
    case 'clear':
      faults.clear()
      return { done: 'No fault is in force' }
    default:
      throw new Refusal(404, `There is no fault '${name}'`)
  }
}

function partitionOf(hub: unknown, partition: unknown): { name: string; id: number } {
  if (typeof hub !== 'string' || hub === '' || !Number.isInteger(partition)) {
    throw new Refusal(400, 'Name an event hub and a partition')
  }
  return { name: hub, id: partition as number }
}
