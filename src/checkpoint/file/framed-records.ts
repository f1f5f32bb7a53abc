import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { KafkaJSNonRetriableError } from '../../errors/index.js'

/**
 * Records in a file that several processes append to at once. One append is one `write` to a file opened for appending:
 * the operating system puts each at the end of the file as it then is, so the order of the records in the file is an
 * order that all processes agree on. (Of a local disk; network file systems do not promise it.)
 *
 * A record is a line: checksum, blank, JSON. A process killed in the middle of a write leaves a torn line. Every append
 * begins with a line break, so a torn line ends where the next append begins, and its checksum gives it away.
 */
export async function appendRecords(file: FileHandle, records: Iterable<unknown>): Promise<void> {
  const bytes = encodeRecords(records)
  const { bytesWritten } = await file.write(bytes)
  // A full disk. Readers pass over the torn end.
  if (bytesWritten < bytes.length) {
    throw Object.assign(new Error('The disk took only a part of the write'), { code: 'ENOSPC' })
  }
}

export function encodeRecords(records: Iterable<unknown>): Buffer {
  let text = '\n'
  for (const record of records) {
    const json = JSON.stringify(record)
    text += `${checksum(json)} ${json}\n`
  }
  return Buffer.from(text)
}

const LINE_BREAK = 0x0a

/** Bytes that are read at a time, at most: logs are begun anew long before, so what is larger is none. */
export const LARGEST_READ: number = 256 * 1024 * 1024

/**
 * Reads the complete lines from `position` on; lines that are no records (torn, foreign) are passed over. The returned
 * position, where to read on, is after the last complete line: what follows may still be on its way.
 *
 * @throws KafkaJSNonRetriableError for more than the store can have written.
 */
export async function readRecords(
  file: FileHandle,
  position: number,
): Promise<{ records: unknown[]; position: number }> {
  const { size } = await file.stat()
  if (size - position > LARGEST_READ) {
    throw new KafkaJSNonRetriableError(
      `A log of the checkpoint store holds ${size} bytes, more than the ${LARGEST_READ} that are read: something else has written to it`,
    )
  }
  const bytes = Buffer.allocUnsafe(Math.max(0, size - position))
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  const complete = bytes.subarray(0, length).lastIndexOf(LINE_BREAK) + 1
  const records = bytes
    .toString('utf8', 0, complete)
    .split('\n')
    .map(decodeRecord)
    .filter((record) => record !== undefined)
  return { records, position: position + complete }
}

function decodeRecord(line: string): unknown {
  const json = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const checksum = (json: string): string => crc32(json).toString(16).padStart(8, '0')
