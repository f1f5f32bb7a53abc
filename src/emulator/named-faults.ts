import type { EmulatorFaults } from './faults.js'
import type { EmulatedEventHubs } from './inspection.js'
import { NamespaceError } from './model/errors.js'

/** A fault that can be asked for by name, from another process. */
export interface NamedFault {
  readonly name: string
  /** The words of its button. */
  readonly title: string
  /** What it does, in a sentence. */
  readonly text: string
  /** What it strikes: everything; one event hub (`hub`), or all; one partition (`hub` and `partition`). */
  readonly strikes: 'namespace' | 'topic' | 'partition'
}

/** The event hub and the partition that a fault is asked for. */
export interface FaultTarget {
  readonly hub?: string
  readonly partition?: number
}

/** Faults by name. */
export interface NamedFaults {
  readonly list: readonly NamedFault[]
  /** Resolves with what was done, in a sentence. Rejects with a `NamespaceError` where name or target make no sense. */
  provoke(name: string, target: FaultTarget): Promise<string>
}

/** Puts a fault in force; `filter` names the event hub, if one was named. Gives a sentence, and what ends the fault. */
type Provocation = (
  faults: EmulatorFaults,
  target: { readonly filter: FaultTarget; readonly hub: string; readonly partition: number },
) => Promise<{ done: string; end?: () => void }>

const LASTS_MS = 10_000
const DELAY_MS = 2000
const DELAYED_TIMES = 10

const ofHub = ({ hub }: FaultTarget) => (hub === undefined ? '' : ` of ${hub}`)

/** Each passes by itself, with time or with the messages it strikes: it may outlive whoever asked for it. */
const catalogue: readonly (NamedFault & { readonly provoke: Provocation })[] = [
  {
    name: 'drop-connections',
    title: 'Drop every connection',
    text: 'Without a goodbye, as a broken network does',
    strikes: 'namespace',
    provoke: async (faults) => ({ done: `${await faults.dropConnections()} connections dropped` }),
  },
  {
    name: 'expire-tokens',
    title: 'Expire tokens',
    text: 'The links they allowed are dropped',
    strikes: 'namespace',
    provoke: async (faults) => ({ done: `The tokens of ${await faults.expireTokens()} links have expired` }),
  },
  {
    name: 'detach-links',
    title: 'Detach the links',
    text: 'As the service does when it moves a partition',
    strikes: 'topic',
    async provoke(faults, { filter }) {
      const count = await faults.detachLinks({ ...filter, condition: 'amqp:link:detach-forced' })
      return { done: `${count} links${ofHub(filter)} detached` }
    },
  },
  {
    name: 'throttle',
    title: `Throttle sends for ${LASTS_MS / 1000} s`,
    text: 'They are answered with "server busy"',
    strikes: 'topic',
    async provoke(faults, { filter }) {
      const fault = faults.throttle({ ...filter, forMs: LASTS_MS })
      return {
        done: `Sends${ofHub(filter)} are answered with "server busy" for ${LASTS_MS / 1000} s`,
        end: () => fault.clear(),
      }
    },
  },
  {
    name: 'lose-acknowledgement',
    title: 'Lose an acknowledgement',
    text: 'The next message is stored; its sender does not learn it',
    strikes: 'topic',
    async provoke(faults, { filter }) {
      const fault = faults.loseDispositions({ ...filter, times: 1 })
      return {
        done: `The next message${ofHub(filter)} is stored, and its sender does not learn it`,
        end: () => fault.clear(),
      }
    },
  },
  {
    name: 'delay-acknowledgements',
    title: `Delay ${DELAYED_TIMES} acknowledgements`,
    text: `By ${DELAY_MS / 1000} s each`,
    strikes: 'topic',
    async provoke(faults, { filter }) {
      const fault = faults.delayDispositions({ ...filter, ms: DELAY_MS, times: DELAYED_TIMES })
      return {
        done: `The next ${DELAYED_TIMES} sends${ofHub(filter)} are acknowledged after ${DELAY_MS / 1000} s`,
        end: () => fault.clear(),
      }
    },
  },
  {
    name: 'steal-epoch',
    title: `Steal a partition for ${LASTS_MS / 1000} s`,
    text: 'Another reader, with a higher epoch',
    strikes: 'partition',
    provoke: async (faults, { hub, partition }) => ({
      done: `Another reader holds partition ${partition} of ${hub} for ${LASTS_MS / 1000} s`,
      end: until(LASTS_MS, faults.stealEpoch({ hub, partition })),
    }),
  },
  {
    name: 'freeze',
    title: `Freeze a partition for ${LASTS_MS / 1000} s`,
    text: 'Nothing goes in or out',
    strikes: 'partition',
    provoke: async (faults, { hub, partition }) => ({
      done: `Partition ${partition} of ${hub} is frozen for ${LASTS_MS / 1000} s`,
      end: until(LASTS_MS, faults.freeze({ hub, partition })),
    }),
  },
  {
    name: 'clear',
    title: 'End every fault',
    text: 'Those that a test has scripted too',
    strikes: 'namespace',
    async provoke(faults) {
      faults.clear()
      return { done: 'No fault is in force' }
    },
  },
]

/** The faults of an emulator by name: the one description of what can be asked for from another process. */
export function createNamedFaults(emulator: {
  readonly faults: EmulatorFaults
  readonly eventHubs: EmulatedEventHubs
}): NamedFaults {
  /** What ends each fault in force, by name and target: asked for again it begins anew, so that none pile up. */
  const inForce = new Map<string, () => void>()
  return {
    list: catalogue.map(({ provoke: _, ...fault }) => fault),
    async provoke(name, target) {
      const fault = catalogue.find((candidate) => candidate.name === name)
      if (!fault) throw new NamespaceError('not-found', `There is no fault '${name}'.`)
      const { hub = '', partition = 0 } = checkedTarget(emulator.eventHubs, fault, target)
      const filter = hub === '' ? {} : { hub }
      const { done, end } = await fault.provoke(emulator.faults, { filter, hub, partition })
      if (name === 'clear') inForce.clear()
      if (!end) return done
      const key = `${name}/${hub}/${partition}`
      inForce.get(key)?.()
      inForce.set(key, end)
      return done
    },
  }
}

/** A target that is there, by the name it was created with, and nothing that the fault would pass over. */
function checkedTarget(eventHubs: EmulatedEventHubs, { name, strikes }: NamedFault, target: FaultTarget): FaultTarget {
  const { hub, partition } = target
  if (strikes === 'namespace' && hub !== undefined)
    invalid(`The fault '${name}' strikes all event hubs: leave out hub.`)
  if (strikes !== 'partition' && partition !== undefined) {
    invalid(`The fault '${name}' strikes no single partition: leave out partition.`)
  }
  if (strikes === 'partition' && (hub === undefined || partition === undefined)) {
    invalid(`The fault '${name}' needs hub and partition.`)
  }
  if (hub === undefined) return {}
  const found = eventHubs.get(hub)
  if (!found) throw new NamespaceError('not-found', `There is no event hub '${hub}'.`)
  if (partition === undefined) return { hub: found.name }
  if (!found.partitions.some(({ id }) => id === String(partition))) {
    throw new NamespaceError('not-found', `There is no partition ${partition} of '${found.name}'.`)
  }
  return { hub: found.name, partition }
}

function invalid(message: string): never {
  throw new NamespaceError('invalid', message)
}

/** Ends a fault after a time, or when it is called. */
function until(ms: number, end: () => void): () => void {
  const timer = setTimeout(end, ms).unref()
  return () => {
    clearTimeout(timer)
    end()
  }
}
