import { isUtf8 } from 'node:buffer'
import type { ConsumedMessage } from '../message-format.js'

/** Most bytes of a key, value or header that the page gets: a person looks at it. */
const MOST_BYTES = 64 * 1024

/** Bytes for the page: base64 always, text where it is some. */
export interface ShownBytes {
  readonly size: number
  readonly base64: string
  readonly text?: string
  /** Only its beginning is here. */
  readonly isCut?: true
}

/** A message for the page. */
export interface ShownMessage {
  readonly partition: number
  readonly offset: string
  readonly timestamp: number
  /** Null: it has none. */
  readonly key: ShownBytes | null
  readonly value: ShownBytes | null
  readonly headers: readonly { readonly name: string; readonly value: ShownBytes }[]
}

export function toShownMessage({ partition, message }: ConsumedMessage): ShownMessage {
  return {
    partition,
    offset: message.offset,
    timestamp: Number(message.timestamp),
    key: message.key && toShownBytes(message.key),
    value: message.value && toShownBytes(message.value),
    headers: Object.entries(message.headers ?? {}).flatMap(([name, content]) =>
      [content ?? []].flat().map((value) => ({ name, value: toShownBytes(Buffer.from(value)) })),
    ),
  }
}

function toShownBytes(bytes: Buffer): ShownBytes {
  const shown = bytes.subarray(0, MOST_BYTES)
  const isCut = shown.length < bytes.length
  // A cut may fall within a character: judge the whole.
  const isText = isUtf8(bytes)
  return {
    size: bytes.length,
    base64: shown.toString('base64'),
    ...(isText && { text: shown.toString() }),
    ...(isCut && { isCut }),
  }
}
