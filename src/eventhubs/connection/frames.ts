/**
 * Reads, on the way in, what the SDK does not tell: that a link was opened, may send, or was ended by the service and
 * why. The SDK leaves a question waiting for its timeout when the link goes, and forgets the reason for which it lost a
 * receiver whose handler is busy.
 */

/** The error with which the service ended something: AMQP 1.0 part 2, 2.8.14. */
export interface AmqpErrorValue {
  readonly condition: string
  readonly description: string
}

/** A frame worth knowing about. */
export type LinkFrame =
  | { readonly type: 'attach'; readonly channel: number; readonly linkName: string }
  | { readonly type: 'flow'; readonly channel: number }
  | { readonly type: 'detach'; readonly channel: number; readonly error: AmqpErrorValue | undefined }
  | { readonly type: 'close'; readonly channel: number; readonly error: AmqpErrorValue | undefined }

/** Descriptors of performatives (AMQP 1.0 part 2, 2.7), and where their error stands in the list. */
const performatives = new Map<number, { type: LinkFrame['type']; error: number }>([
  [0x12, { type: 'attach', error: -1 }],
  [0x13, { type: 'flow', error: -1 }],
  [0x16, { type: 'detach', error: 2 }],
  [0x17, { type: 'detach', error: 0 }],
  [0x18, { type: 'close', error: 0 }],
])

/** Size, data offset, type and channel; the performative's descriptor follows. AMQP 1.0 part 2, 2.3.1. */
const headerLength = 8
const descriptorLength = 3
const protocolHeader = 0x414d5150
/** The service's frames have 64 KiB. What claims more than this, in bytes, is none; the AMQP library would wait for 4 GiB. */
export const largestFrame: number = 32 * 1024 * 1024

/**
 * Makes a function that takes the bytes of a connection as they arrive, in any pieces, and reports the frames above.
 * Payloads are skipped, not kept. It throws for a frame that claims to be larger than any.
 */
export function createFrameReader(onFrame: (frame: LinkFrame) => void): (chunk: Buffer) => void {
  let kept: Buffer | undefined
  let skip = 0
  return (chunk) => {
    let at = Math.min(skip, chunk.length)
    skip -= at
    if (at === chunk.length) return
    const bytes = kept ? Buffer.concat([kept, chunk.subarray(at)]) : chunk
    if (kept) at = 0
    kept = undefined
    while (at < bytes.length) {
      const end = bytes.length - at < headerLength ? undefined : endOfFrame(bytes, at)
      const wanted = end === undefined ? undefined : isWanted(bytes, at, end)
      if (end === undefined || wanted === undefined || (wanted && end > bytes.length)) {
        kept = Buffer.from(bytes.subarray(at))
        return
      }
      if (wanted) readFrame(bytes.subarray(at, end), onFrame)
      skip = Math.max(0, end - bytes.length)
      at = end
    }
  }
}

function endOfFrame(bytes: Buffer, at: number): number {
  const size = bytes.readUInt32BE(at)
  if (size === protocolHeader) return at + headerLength
  if (size > largestFrame) throw new Error(`a frame claims a size of ${size} bytes`)
  return at + Math.max(size, headerLength)
}

/** True for a frame that is one of ours; undefined while too little of it has come to tell. */
function isWanted(bytes: Buffer, at: number, end: number): boolean | undefined {
  const body = at + bytes.readUInt8(at + 4) * 4
  if (bytes.readUInt32BE(at) === protocolHeader || bytes.readUInt8(at + 5) !== 0) return false
  if (body + descriptorLength > end) return false
  if (body + descriptorLength > bytes.length) return undefined
  return bytes[body] === 0 && bytes[body + 1] === 0x53 && performatives.has(bytes[body + 2] as number)
}

function readFrame(frame: Buffer, onFrame: (frame: LinkFrame) => void): void {
  const body = frame.readUInt8(4) * 4
  const performative = performatives.get(frame[body + 2] as number)
  const channel = frame.readUInt16BE(6)
  if (!performative) return
  const fields = listAt(frame, body + descriptorLength)
  if (performative.type === 'attach') onFrame({ type: 'attach', channel, linkName: textAt(frame, fields[0]) })
  else if (performative.type === 'flow') onFrame({ type: 'flow', channel })
  else onFrame({ type: performative.type, channel, error: errorAt(frame, fields[performative.error]) })
}

function errorAt(frame: Buffer, at: number | undefined): AmqpErrorValue | undefined {
  if (at === undefined || frame[at] !== 0) return undefined
  const [condition, description] = listAt(frame, at + 1 + sizeOf(frame, at + 1))
  return { condition: textAt(frame, condition), description: textAt(frame, description) }
}

/** The beginning of the fields of a list, or of the keys and values of a map. AMQP 1.0 part 1, 1.6.22 and 1.6.23. */
function listAt(frame: Buffer, at: number | undefined): number[] {
  const code = at === undefined ? undefined : frame[at]
  if (at === undefined || code === undefined || !compounds.has(code)) return []
  const isShort = code < 0xd0
  const count = isShort ? frame.readUInt8(at + 2) : frame.readUInt32BE(at + 5)
  const fields: number[] = []
  let field = at + (isShort ? 3 : 9)
  for (let index = 0; index < count && field < frame.length; index++) {
    fields.push(field)
    field += sizeOf(frame, field)
  }
  return fields
}

/** Lists and maps, short and long. */
const compounds = new Set([0xc0, 0xd0, 0xc1, 0xd1])

/** Bytes of an encoded value, whatever its type: the first digit of its code tells. AMQP 1.0 part 1, 1.2. */
function sizeOf(frame: Buffer, at: number): number {
  const code = frame[at] as number
  if (code === 0) {
    const descriptor = sizeOf(frame, at + 1)
    return 1 + descriptor + sizeOf(frame, at + 1 + descriptor)
  }
  const width = code >> 4
  if (width === 0x4) return 1
  if (width >= 0x5 && width <= 0x9) return 1 + 2 ** (width - 0x5)
  if (width === 0xa || width === 0xc || width === 0xe) return 2 + frame.readUInt8(at + 1)
  return 5 + frame.readUInt32BE(at + 1)
}

function textAt(frame: Buffer, at: number | undefined): string {
  if (at === undefined) return ''
  const code = frame[at] as number
  const start = at + (code === 0xa1 || code === 0xa3 ? 2 : 5)
  return code === 0xa1 || code === 0xa3 || code === 0xb1 || code === 0xb3
    ? frame.toString('utf8', start, at + sizeOf(frame, at))
    : ''
}
