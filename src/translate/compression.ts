import type { CompressionTypes } from '../types/enums.js'
import { compressBody, decompressBody, largestBody } from './codecs.js'
import type { OutgoingEvent, ReceivedEvent } from './event.js'
import { fromEvent, type ReceivedMessage } from './message.js'

/** Marks a body compressed by this library: one compressed by its sender is its receiver's to undo, as over Kafka. */
const COMPRESSION_ANNOTATION = 'x-opt-kafka-compression'

/** Compresses the event's body in place, and says so in `content-encoding`. A tombstone has nothing to compress. */
export async function compressEvent(event: OutgoingEvent, type: CompressionTypes): Promise<void> {
  const { body } = event
  if (body.length === 0) return
  const compressed = await compressBody(body, type)
  if (compressed.contentEncoding === undefined) return
  event.body = compressed.body
  event.properties = { ...event.properties, contentEncoding: compressed.contentEncoding }
  event.messageAnnotations = { ...event.messageAnnotations, [COMPRESSION_ANNOTATION]: compressed.contentEncoding }
}

/**
 * Reads an event and undoes {@link compressEvent}; a promise only then. Rejects with `KafkaJSNotImplemented` when the
 * codec is not registered here.
 */
export function readEvent(event: ReceivedEvent): ReceivedMessage | Promise<ReceivedMessage> {
  const message = fromEvent(event)
  const encoding = event.annotations?.[COMPRESSION_ANNOTATION]
  if (typeof encoding !== 'string') return message
  // It is our mark, unless the sender had a header of that name.
  if (event.applicationProperties?.['content-encoding'] === undefined) delete message.headers['content-encoding']
  return decompressed(message, encoding)
}

/** A byte of DEFLATE stands for no more. Source: zlib's technical details, "Maximum Compression Factor". */
const largestFactor = 1032

/** The most bytes that an event's body can become; codecs of a program's own may do worse. */
export const largestDecompressed = (event: ReceivedEvent | undefined): number =>
  Math.min((event?.raw.length ?? 0) * largestFactor, largestBody)

async function decompressed(message: ReceivedMessage, encoding: string): Promise<ReceivedMessage> {
  if (message.value) message.value = await decompressBody(message.value, encoding)
  return message
}
