import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import type { StoredEvent } from './model/event.js'
import type { EventHub } from './model/hub.js'
import type { Namespace } from './model/namespace.js'
import type { Partition } from './model/partition.js'
import type { PartitionLog } from './model/partition-log.js'
import { decodeBatches, encodeBatch, encodeEnd } from './stored-batches.js'

/** Another emulator works on the directory, or what is there is none of an emulator. */
export class DataDirectoryError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DataDirectoryError'
  }
}

/** The part of `namespace.json` about one event hub. */
interface SavedEventHub {
  readonly name: string
  readonly createdAt: string
  readonly userMetadata?: string
  readonly partitionCount: number
  readonly timestampType: 'log-append' | 'create'
  /** A count without limit is null in JSON. */
  readonly retention: { readonly hours: number; readonly bytes: number; readonly count: number | null }
  readonly consumerGroups: readonly { readonly name: string; readonly userMetadata?: string }[]
}

/** A log file that has grown by so much more than it holds is written anew. */
const SLACK_BYTES = 64 * 1024 * 1024

interface LogFile {
  readonly path: string
  fd: number
  size: number
}

/**
 * A directory where event hubs and their events outlive the process: `namespace.json`, and for each partition a file to
 * which batches are appended. A batch is written before it is acknowledged; what the process has written survives its end,
 * also a sudden one, though not that of the machine.
 */
export class DataDirectory {
  readonly #path: string
  readonly #lock: string
  #files = new Map<Partition, LogFile>()
  #watched = new Set<Partition>()

  /** Takes possession of the directory, which is made if it is missing. */
  constructor(path: string) {
    this.#path = path
    this.#lock = join(path, 'lock')
    mkdirSync(path, { recursive: true, mode: 0o700 })
    this.#takeLock()
  }

  /** Brings back what is there, and keeps what comes from now on. */
  open(namespace: Namespace): void {
    for (const saved of this.#read()) this.#restore(namespace, saved)
    namespace.onEdit((change) => {
      if (change?.kind === 'event-hub-deleted') this.#forget(change.eventHub)
      this.#save(namespace)
    })
  }

  close(namespace: Namespace): void {
    this.#save(namespace)
    for (const { fd } of this.#files.values()) closeSync(fd)
    this.#files.clear()
    rmSync(this.#lock, { force: true })
  }

  #takeLock(): void {
    const owner = existsSync(this.#lock) ? Number(readFileSync(this.#lock, 'utf8')) : undefined
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
      throw new DataDirectoryError(`The directory ${this.#path} is in use by the emulator with process id ${owner}`)
    }
    writeFileSync(this.#lock, String(process.pid), { mode: 0o600 })
  }

  #read(): SavedEventHub[] {
    const file = join(this.#path, 'namespace.json')
    if (!existsSync(file)) {
      const others = readdirSync(this.#path).filter((name) => name !== 'lock')
      if (others.length === 0) return []
      rmSync(this.#lock, { force: true })
      throw new DataDirectoryError(`The directory ${this.#path} is not empty, and holds no data of an emulator`)
    }
    return (JSON.parse(readFileSync(file, 'utf8')) as { eventHubs: SavedEventHub[] }).eventHubs
  }

  #restore(namespace: Namespace, saved: SavedEventHub): void {
    const { hours, bytes, count } = saved.retention
    const eventHub = namespace.createEventHub(
      {
        name: saved.name,
        partitionCount: saved.partitionCount,
        timestampType: saved.timestampType,
        retention: { hours, bytes, count: count ?? Number.POSITIVE_INFINITY },
        consumerGroups: saved.consumerGroups.map(({ name }) => name),
      },
      new Date(saved.createdAt),
    )
    eventHub.userMetadata = saved.userMetadata
    for (const { name, userMetadata } of saved.consumerGroups) {
      const group = eventHub.getConsumerGroup(name)
      if (group && userMetadata !== undefined) group.userMetadata = userMetadata
    }
    for (const partition of eventHub.partitions) {
      const file = this.#pathOf(eventHub, partition)
      if (existsSync(file)) partition.log.restore(decodeBatches(readFileSync(file)), Date.now())
      this.#watch(eventHub, partition)
      if (existsSync(file)) this.#rewrite(eventHub, partition)
    }
  }

  /** Has each batch of each partition written; partitions may have been added. */
  #watchAll(namespace: Namespace): void {
    for (const eventHub of namespace.listEventHubs()) {
      for (const partition of eventHub.partitions) this.#watch(eventHub, partition)
    }
  }

  #watch(eventHub: EventHub, partition: Partition): void {
    if (this.#watched.has(partition)) return
    this.#watched.add(partition)
    partition.onStored = (events) => this.#append(eventHub, partition, events)
  }

  #append(eventHub: EventHub, partition: Partition, events: readonly StoredEvent[]): void {
    const file = this.#fileOf(eventHub, partition)
    const buffers = encodeBatch(events)
    file.size += writevSync(file.fd, buffers)
    if (file.size > 2 * partition.log.bytes + SLACK_BYTES) this.#rewrite(eventHub, partition)
  }

  #fileOf(eventHub: EventHub, partition: Partition): LogFile {
    const known = this.#files.get(partition)
    if (known) return known
    const path = this.#pathOf(eventHub, partition)
    mkdirSync(join(this.#path, folderOf(eventHub)), { recursive: true, mode: 0o700 })
    const file = { path, fd: openSync(path, 'a', 0o600), size: 0 }
    this.#files.set(partition, file)
    return file
  }

  /** Leaves out what retention has forgotten, and a batch that a sudden end has cut off. */
  #rewrite(eventHub: EventHub, partition: Partition): void {
    const file = this.#fileOf(eventHub, partition)
    const draft = `${file.path}.new`
    const fd = openSync(draft, 'w', 0o600)
    let size = writevSync(fd, [encodeEnd(partition.log)])
    for (const batch of batchesOf(partition.log)) size += writevSync(fd, encodeBatch(batch))
    renameSync(draft, file.path)
    closeSync(file.fd)
    file.fd = fd
    file.size = size
  }

  #forget(eventHub: EventHub): void {
    for (const partition of eventHub.partitions) {
      const file = this.#files.get(partition)
      if (file) closeSync(file.fd)
      this.#files.delete(partition)
      partition.onStored = undefined
    }
    rmSync(join(this.#path, folderOf(eventHub)), { recursive: true, force: true })
  }

  #save(namespace: Namespace): void {
    this.#watchAll(namespace)
    const eventHubs = namespace.listEventHubs().map(toSaved)
    const file = join(this.#path, 'namespace.json')
    writeFileSync(`${file}.new`, JSON.stringify({ eventHubs }, undefined, 2), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  #pathOf(eventHub: EventHub, partition: Partition): string {
    return join(this.#path, folderOf(eventHub), `${partition.id}.log`)
  }
}

/** The events a log keeps, batch by batch. */
function* batchesOf(log: PartitionLog): Generator<StoredEvent[]> {
  let batch: StoredEvent[] = []
  for (const event of log.from(0)) {
    if (batch[0] && batch[0].batch !== event.batch) {
      yield batch
      batch = []
    }
    batch.push(event)
  }
  yield batch
}

/** Names of event hubs are fit for a file system; capitals may not count there. `hub-` keeps devices of Windows apart. */
const folderOf = (eventHub: EventHub) => `hub-${eventHub.name.toLowerCase()}`

function toSaved(eventHub: EventHub): SavedEventHub {
  const { name, createdAt, userMetadata, partitionCount, timestampType, retention, consumerGroups } = eventHub
  const { hours, bytes, count } = retention
  return {
    name,
    createdAt: createdAt.toISOString(),
    ...(userMetadata !== undefined && { userMetadata }),
    partitionCount,
    timestampType,
    retention: { hours, bytes, count: Number.isFinite(count) ? count : null },
    consumerGroups: consumerGroups.map((group) => ({
      name: group.name,
      ...(group.userMetadata !== undefined && { userMetadata: group.userMetadata }),
    })),
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
