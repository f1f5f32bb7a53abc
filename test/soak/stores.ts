import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAzurite } from '../support/azurite.js'
import { startFaultyStorage } from '../support/faulty-storage.js'

export type StoreKind = 'file' | 'blob'

/** A checkpoint store that fails when told to. */
export interface SoakStore extends AsyncDisposable {
  /** The string form that members are given. */
  readonly text: string
  /** The string form that the books are kept by. */
  readonly direct: string
  /** A file that members look for: while it is there, their store fails. Of stores that can't be taken away from outside. */
  readonly awayWhile?: string
  /** From now on nothing can be read or written, until `comeBack()`. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
  /** The next requests are refused: the service is busy, or limits how often it is asked. */
  refuse(times: number): void
}

export const openStore = (kind: StoreKind): Promise<SoakStore> => (kind === 'blob' ? openBlobs() : openFiles())

async function openBlobs(): Promise<SoakStore> {
  const azurite = await startAzurite()
  const faulty = await startFaultyStorage(azurite)
  return {
    text: faulty.containerUrl('checkpoints'),
    direct: azurite.containerUrl('checkpoints'),
    goAway: () => azurite.stop(),
    comeBack: () => azurite.start(),
    refuse(times) {
      faulty.fail({ matches: () => true, status: times % 2 ? 503 : 429, code: 'ServerBusy', times })
    },
    async [Symbol.asyncDispose]() {
      await faulty[Symbol.asyncDispose]()
      await azurite[Symbol.asyncDispose]()
    },
  }
}

async function openFiles(): Promise<SoakStore> {
  const parent = await mkdtemp(join(tmpdir(), 'soak-'))
  const directory = join(parent, 'store')
  const away = join(parent, 'away')
  return {
    text: `file:${directory}`,
    direct: `file:${directory}`,
    awayWhile: away,
    goAway: () => writeFile(away, ''),
    comeBack: () => rm(away),
    refuse: () => undefined,
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  }
}
