import type { CheckpointStore } from '../../src/types/checkpoint-store.js'
import type { Member, MemberLine } from './members.js'

type MessageLine = MemberLine & { type: 'message' }

/** What came of the messages, each of which has a value of its own. */
export interface Accounts {
  readonly produced: number
  /** Messages handled at least once. */
  readonly handled: number
  /** Values produced and not handled. */
  readonly missing: string[]
  /** Values handled and not produced. */
  readonly unknown: string[]
  /** How often a message was handled again. */
  readonly duplicates: number
  /** Which were, and by whom, in the order of handling. */
  readonly duplicated: { readonly value: string; readonly members: string[] }[]
  /** First handlings that came after the one of a later message of the same partition. */
  readonly outOfOrder: string[]
  /** Committed offsets that were lower than one seen before. */
  readonly backwards: string[]
  /** Messages handled by each member, again or not. */
  readonly byMember: Readonly<Record<string, number>>
}

const keyOf = (topic: string, partition: number | string) => `${topic}/${partition}`

/**
 * Keeps the books of a test: what was produced, what members say they handled, what the store says is committed. Lines
 * of different members are put in order by the clock of the machine, not by when they arrived.
 */
export class Accounting {
  readonly #produced = new Set<string>()
  readonly #uncertain = new Set<string>()
  readonly #values = new Set<string>()
  readonly #handled: (MessageLine & { member: string })[] = []
  readonly #committed = new Map<string, number>()
  readonly #backwards: string[] = []

  produced(value: string): void {
    if (this.#produced.has(value))
      throw new Error(`${value} was produced before: every message needs a value of its own`)
    this.#produced.add(value)
  }

  /** Was sent, and nobody knows whether it was stored: handled or not, it is neither missing nor unknown. */
  mayBeHandled(value: string): void {
    this.#uncertain.add(value)
  }

  /** Takes in what a member reports from now on, and what it has reported. */
  follow(member: Member, name: string): void {
    for (const line of member.lines) this.take(line, name)
    member.onLine((line) => this.take(line, name))
  }

  take(line: MemberLine, member: string): void {
    if (line.type !== 'message') return
    this.#handled.push({ ...line, member })
    this.#values.add(line.value ?? '')
  }

  /** Notes a committed offset, as the store has it: the next to read. */
  committed(topic: string, partition: number | string, offset: number): void {
    const key = keyOf(topic, partition)
    const before = this.#committed.get(key)
    if (before !== undefined && offset < before) this.#backwards.push(`${key}: ${before} → ${offset}`)
    this.#committed.set(key, offset)
  }

  /** Offset a partition was last seen committed at; undefined before the first. */
  lastCommitted(topic: string, partition: number): number | undefined {
    return this.#committed.get(keyOf(topic, partition))
  }

  get producedCount(): number {
    return this.#produced.size
  }

  /** Messages handled at least once. */
  get handledCount(): number {
    return this.#values.size
  }

  /** How often a message was handled again, so far. */
  get duplicates(): number {
    return this.#handled.length - this.#values.size
  }

  /** The highest offset of a partition that was handled; undefined before the first. */
  lastHandled(topic: string, partition: number): number | undefined {
    const offsets = this.#handled.filter((line) => line.topic === topic && line.partition === partition)
    return offsets.reduce<number | undefined>((last, { offset }) => Math.max(last ?? -1, Number(offset)), undefined)
  }

  /** Whether every message produced so far has been handled. */
  get isComplete(): boolean {
    for (const value of this.#produced) if (!this.#values.has(value)) return false
    return true
  }

  close(): Accounts {
    const members = new Map<string, string[]>()
    const latest = new Map<string, { offset: bigint; value: string }>()
    const outOfOrder: string[] = []
    const byMember: Record<string, number> = {}
    for (const line of [...this.#handled].sort((a, b) => a.at - b.at)) {
      const value = line.value ?? ''
      byMember[line.member] = (byMember[line.member] ?? 0) + 1
      const before = members.get(value)
      if (before) {
        before.push(line.member)
        continue
      }
      members.set(value, [line.member])
      const key = keyOf(line.topic, line.partition)
      const offset = BigInt(line.offset)
      const last = latest.get(key)
      if (last && offset < last.offset)
        outOfOrder.push(`${key}: ${value} (${offset}) after ${last.value} (${last.offset})`)
      else latest.set(key, { offset, value })
    }
    const duplicated = [...members].flatMap(([value, names]) => (names.length > 1 ? [{ value, members: names }] : []))
    return {
      produced: this.#produced.size,
      handled: members.size,
      missing: [...this.#produced].filter((value) => !members.has(value)),
      unknown: [...members.keys()].filter((value) => !this.#produced.has(value) && !this.#uncertain.has(value)),
      duplicates: this.duplicates,
      duplicated,
      outOfOrder,
      backwards: [...this.#backwards],
      byMember,
    }
  }
}

/** Looks at the committed offsets in the store all the while, until disposed of. */
export function watchCommits(options: {
  readonly accounting: Accounting
  readonly store: CheckpointStore
  /** As the store keys it: an emulator with its port. */
  readonly namespace: string
  readonly groupId: string
  readonly topics: readonly string[]
  /** ms */
  readonly interval?: number
}): AsyncDisposable & { look(): Promise<void> } {
  const { accounting, store, namespace, groupId, topics, interval = 50 } = options
  let ended = false

  const look = async () => {
    for (const topic of topics) {
      for (const { partitionId, sequenceNumber } of await store.listCheckpoints(namespace, topic, groupId)) {
        accounting.committed(topic, partitionId, sequenceNumber + 1)
      }
    }
  }
  const watching = (async () => {
    while (!ended) {
      // The store may be the thing that the test takes away.
      await look().catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, interval))
    }
  })()

  return {
    look,
    async [Symbol.asyncDispose]() {
      ended = true
      await watching
      await look()
    },
  }
}
