import type { Assignment, ISerializer, MemberAssignment, MemberMetadata } from '../types/index.js'

/**
 * Kafka's consumer protocol: what members tell each other, byte for byte as Kafka's clients write it. Big-endian;
 * strings and bytes carry their length before them, a length of -1 stands for null.
 */

const int16 = (value: number) => {
  const buffer = Buffer.allocUnsafe(2)
  buffer.writeInt16BE(value)
  return buffer
}

const int32 = (value: number) => {
  const buffer = Buffer.allocUnsafe(4)
  buffer.writeInt32BE(value)
  return buffer
}

const string = (value: string) => {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}

const bytes = (value: Buffer | null) => (value === null ? int32(-1) : Buffer.concat([int32(value.length), value]))

const array = <T>(values: readonly T[], write: (value: T) => Buffer) =>
  Buffer.concat([int32(values.length), ...values.map(write)])

/** Reads from left to right. Throws RangeError when the bytes end too early. */
class Reader {
  #position = 0
  readonly #buffer: Buffer

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  int16(): number {
    this.#position += 2
    return this.#buffer.readInt16BE(this.#position - 2)
  }

  int32(): number {
    this.#position += 4
    return this.#buffer.readInt32BE(this.#position - 4)
  }

  string(): string {
    return this.#take(this.int16()).toString()
  }

  bytes(): Buffer {
    return Buffer.from(this.#take(this.int32()))
  }

  array<T>(read: () => T): T[] {
    const values: T[] = []
    for (let left = this.int32(); left > 0; left--) values.push(read())
    return values
  }

  #take(length: number): Buffer {
    if (length <= 0) return Buffer.alloc(0)
    if (this.#position + length > this.#buffer.length) throw new RangeError('The bytes end in the middle of a value')
    this.#position += length
    return this.#buffer.subarray(this.#position - length, this.#position)
  }
}

const memberMetadata: ISerializer<MemberMetadata> = {
  encode: ({ version, topics, userData = Buffer.alloc(0) }) =>
    Buffer.concat([int16(version), array(topics, string), bytes(userData)]),
  decode(buffer) {
    const reader = new Reader(buffer)
    return { version: reader.int16(), topics: reader.array(() => reader.string()), userData: reader.bytes() }
  },
}

const memberAssignment: ISerializer<MemberAssignment> = {
  encode({ version, assignment, userData = Buffer.alloc(0) }) {
    const entries = array(Object.entries(assignment), ([topic, partitions]) =>
      Buffer.concat([string(topic), array(partitions, int32)]),
    )
    return Buffer.concat([int16(version), entries, bytes(userData)])
  },
  decode(buffer) {
    if (buffer.length < 2) return null
    const reader = new Reader(buffer)
    const version = reader.int16()
    const entries = reader.array(() => [reader.string(), reader.array(() => reader.int32())] as const)
    return { version, assignment: Object.fromEntries(entries) as Assignment, userData: reader.bytes() }
  },
}

/** The encoding of what an assigner writes and reads: the metadata of a member, and its assignment. @public */
export const AssignerProtocol: {
  MemberMetadata: ISerializer<MemberMetadata>
  MemberAssignment: ISerializer<MemberAssignment>
} = { MemberMetadata: memberMetadata, MemberAssignment: memberAssignment }
