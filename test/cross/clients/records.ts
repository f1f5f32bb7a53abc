import type { Emulator } from '../../../src/emulator/index.js'

/** What is written, and what is read: bytes as text, where they are short. */
export interface Written {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** One record as a reader of another protocol or language got it. */
export interface Got {
  readonly key: string | null
  readonly value: string | null
  /** Each `name=bytes in hex`, in the order they came. */
  readonly headers: readonly string[]
}

/** A client that can be had here. `unavailable` says why not, if so. */
export interface Client {
  readonly name: string
  readonly unavailable?: string | undefined
  /** Whether it speaks Kafka or AMQP. */
  readonly protocol: 'kafka' | 'amqp'
  /** Which of the records it can write. */
  readonly writes: (record: Written) => boolean
  /** Whether it writes all a second time, compressed with gzip. */
  readonly compresses: boolean
  /** To partition 0. */
  write(emulator: Emulator, topic: string, records: readonly Written[]): Promise<void>
  /** From partition 0 of each topic, as many as are said. */
  read(emulator: Emulator, topics: Readonly<Record<string, number>>): Promise<Record<string, Got[]>>
}

export const LARGE = 'x'.repeat(300_000)

export const records: readonly Written[] = [
  { key: 'key', value: 'value', headers: [['one', '1']] },
  { key: null, value: 'no key', headers: [] },
  { key: 'empty', value: '', headers: [] },
  { key: 'null', value: null, headers: [] },
  {
    key: 'repeated',
    value: 'v',
    headers: [
      ['h', '1'],
      ['h', '2'],
    ],
  },
  { key: 'large', value: LARGE, headers: [] },
]

/** Long values would make a failure unreadable. */
export function shown(value: string | null): string | null {
  return value !== null && value.length > 100 ? `${value.length} bytes` : value
}

export function hex(name: string, value: Uint8Array | string | null | undefined): string {
  if (value === null || value === undefined) return `${name}=null`
  return `${name}=${Buffer.from(value as Uint8Array).toString('hex')}`
}

export function asText(bytes: Uint8Array | string | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : shown(Buffer.from(bytes as Uint8Array).toString())
}

/** What a client of each kind makes of what another wrote: docs/interop.md in code. */
export function expected(written: Written, writer: Client, reader: Client): Got {
  const { key, headers } = written
  const value = shown(written.value)
  const last = [...new Map(headers)]
  const plain = headers.map(([name, text]) => hex(name, text))
  const isOurs = (client: Client) => client.name === 'kafkajs-eventhubs'
  if (writer.protocol === 'kafka' && reader.protocol === 'kafka') return { key, value, headers: plain }
  if (writer.protocol === 'kafka') {
    if (isOurs(reader)) return { key, value, headers: plain }
    return { key, value: value ?? '', headers: last.map(([name, text]) => hex(name, text)) }
  }
  if (isOurs(writer)) {
    if (isOurs(reader)) return { key, value, headers: plain }
    if (reader.protocol === 'amqp')
      return { key, value: value ?? '', headers: last.map(([name, text]) => hex(name, text)) }
    // With the type byte and the length of a binary value before it, and without the key.
    const encoded = last.map(([name, text]) => `${name}=a0${length(text)}${Buffer.from(text).toString('hex')}`)
    return { key: null, value: value ?? '', headers: encoded }
  }
  // The SDK of Event Hubs: a partition key, and properties that are strings.
  const strings = last.map(([name, text]) => hex(name, text))
  if (isOurs(reader)) return { key, value, headers: strings }
  if (reader.protocol === 'amqp') return { key: null, value, headers: strings }
  const partitionKey = key === null ? [] : [hex('x-opt-partition-key', key)]
  const encoded = last.map(([name, text]) => `${name}=a1${length(text)}${Buffer.from(text).toString('hex')}`)
  return { key: null, value, headers: [...partitionKey, ...encoded] }
}

const length = (text: string) => Buffer.from([Buffer.byteLength(text)]).toString('hex')
