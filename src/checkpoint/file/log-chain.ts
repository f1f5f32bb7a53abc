import { randomBytes } from 'node:crypto'
import { fsync } from 'node:fs'
import { constants, type FileHandle, mkdir, open, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { appendRecords, readRecords } from './framed-records.js'

/**
 * The log of a directory that is the current one.
 *
 *     chain                    one line for each log there ever was, appended to only
 *     <number>-<random>.log    the logs: the current one, for a moment its predecessor, and proposals
 *
 * Any process may propose a successor; the first line with a number counts, the files of the others are removed. Random
 * names keep a process that was asleep for long from bringing an old log back to life.
 */
export interface ChainLink {
  readonly number: number
  readonly file: string
}

const CHAIN = 'chain'
const LOG_FILE = /^(\d+)-[0-9a-f]+\.log$/

/** The mode of a file whose offsets and members are nobody else's business. */
const PRIVATE_FILE = 0o600
const PRIVATE_DIRECTORY = 0o700

/** A link in place of a file would have us read, or write, what is not ours. Windows knows no such flag. */
export const NO_LINKS: number = constants.O_NOFOLLOW ?? 0

const CREATE = constants.O_WRONLY | constants.O_CREAT | NO_LINKS

const isChainLink = (value: unknown): value is ChainLink => {
  const { number, file } = (value ?? {}) as Partial<ChainLink>
  return Number.isSafeInteger(number) && typeof file === 'string' && LOG_FILE.test(file)
}

/** The current log; undefined when the directory has none yet, or does not exist. */
export async function readChain(directory: string): Promise<ChainLink | undefined> {
  const chain = await openExisting(join(directory, CHAIN), constants.O_RDONLY | NO_LINKS)
  if (!chain) return undefined
  try {
    const { records } = await readRecords(chain, 0)
    let last: ChainLink | undefined
    for (const link of records) if (isChainLink(link) && link.number > (last?.number ?? 0)) last = link
    return last
  } finally {
    await chain.close()
  }
}

/**
 * Proposes a log with this content as the one of this number. Returns the log that was chosen, which is now on disk. It
 * is forced there before the chain names it: a power failure must not leave a chain that leads nowhere.
 */
export async function extendChain(directory: string, number: number, content: Buffer): Promise<ChainLink | undefined> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  const file = `${number}-${randomBytes(8).toString('hex')}.log`
  await withFile(await open(join(directory, file), CREATE | constants.O_EXCL, PRIVATE_FILE), async (log) => {
    await log.writeFile(content)
    await persist(log)
  })
  await syncDirectory(directory)
  await withFile(await open(join(directory, CHAIN), CREATE | constants.O_APPEND, PRIVATE_FILE), async (chain) => {
    await appendRecords(chain, [{ number, file } satisfies ChainLink])
    await persist(chain)
  })
  const chosen = await readChain(directory)
  if (chosen) await removeSuperseded(directory, chosen)
  return chosen
}

/** A proposal for a number that is taken can never be chosen, so it does not matter who is still busy with it. */
async function removeSuperseded(directory: string, chosen: ChainLink): Promise<void> {
  for (const file of await readdir(directory)) {
    const number = Number(LOG_FILE.exec(file)?.[1] ?? Number.POSITIVE_INFINITY)
    if (number > chosen.number || file === chosen.file) continue
    await unlink(join(directory, file)).catch((error: NodeJS.ErrnoException) => {
      // Another process has removed it; or, on Windows, still reads it, and a later succession will remove it.
      if (!['ENOENT', 'EPERM', 'EBUSY', 'EACCES'].includes(error.code ?? '')) throw error
    })
  }
}

/** Undefined when the file does not exist. Never creates it: a log that is gone must stay gone. */
export async function openExisting(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

/** By descriptor: under Yarn's Plug'n'Play a file is of a class of Yarn's, whose `sync()` is "not implemented". */
function persist({ fd }: FileHandle): Promise<void> {
  return promisify(fsync)(fd)
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows opens no directories, and needs this as little as it allows it.
  if (process.platform === 'win32') return
  await withFile(await open(directory, 'r'), persist)
}
