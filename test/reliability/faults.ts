import type { Emulator } from '../../src/emulator/index.js'

/** A fault that the matrix injects: how it begins, and how long it lasts. */
export interface MatrixFault {
  readonly name: string
  /** Begins it; what is returned ends it after `lasts` ms. */
  readonly begin: (emulator: Emulator, topic: string) => Promise<unknown> | (() => void)
  readonly lasts: number
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** How long lasting faults last, ms: longer than the first retry takes, shorter than all of them. */
const LASTING = 600

export const faults: readonly MatrixFault[] = [
  { name: 'connections drop', lasts: 0, begin: ({ faults }) => faults.dropConnections() },
  ...(['amqp:link:detach-forced', 'amqp:internal-error', 'com.microsoft:server-busy'] as const).map((condition) => ({
    name: `links are detached (${condition})`,
    lasts: 0,
    begin: ({ faults }: Emulator) => faults.detachLinks({ condition }),
  })),
  {
    name: 'links are detached, and two attaches refused',
    lasts: LASTING,
    begin({ faults }) {
      const fault = faults.refuseAttach({ condition: 'amqp:internal-error', times: 2 })
      void faults.detachLinks({ condition: 'amqp:link:detach-forced' })
      return () => fault.clear()
    },
  },
  {
    name: 'the service is busy',
    lasts: LASTING,
    begin: ({ faults }) => clearing(faults.throttle()),
  },
  {
    name: 'acknowledgements are late',
    lasts: LASTING,
    begin: ({ faults }) => clearing(faults.delayDispositions({ ms: 300 })),
  },
  ...(['connection', 'link'] as const).map((effect) => ({
    name: `acknowledgements are lost with the ${effect}`,
    lasts: LASTING,
    begin: ({ faults }: Emulator) => clearing(faults.loseDispositions({ effect, times: 2 })),
  })),
  { name: 'tokens expire', lasts: 0, begin: ({ faults }) => faults.expireTokens() },
  { name: 'a partition is frozen', lasts: LASTING, begin: ({ faults }, hub) => faults.freeze({ hub, partition: 0 }) },
  {
    name: 'another reader takes a partition',
    lasts: LASTING,
    begin: ({ faults }, hub) => faults.stealEpoch({ hub, partition: 0 }),
  },
]

const clearing = (fault: { clear(): void }) => () => fault.clear()

/** Injects a fault. Resolves when it is over. */
export async function inject(fault: MatrixFault, emulator: Emulator, topic: string): Promise<void> {
  const end = await fault.begin(emulator, topic)
  if (fault.lasts > 0) await wait(fault.lasts)
  if (typeof end === 'function') end()
}
