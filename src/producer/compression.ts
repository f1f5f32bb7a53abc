import type { EventHubsSettings } from '../config/config.js'
import { requireCodec } from '../translate/codecs.js'
import { compressEvent } from '../translate/compression.js'
import type { CompressionTypes } from '../types/enums.js'
import type { Logger } from '../types/index.js'
import type { TopicRequest } from './routing.js'
import type { SendRequest } from './send-request.js'

/** What a producer makes of the compression its callers ask for. */
export interface Compression {
  /** The type to compress with; undefined: not at all. Throws for a type without codec. */
  typeFor(request: SendRequest): CompressionTypes | undefined
}

export function createCompression(setting: EventHubsSettings['compression'], logger: Logger): Compression {
  let hasSaidUncompressed = false
  return {
    typeFor({ compression }) {
      if (!compression) return undefined
      // It must be there even where it is not applied, as in kafkajs.
      requireCodec(compression)
      if (setting === 'body') return compression
      if (!hasSaidUncompressed) {
        hasSaidUncompressed = true
        logger.info("Messages are sent uncompressed: eventHubs.compression is 'none', so readers see plain bytes")
      }
      return undefined
    },
  }
}

/** Compresses the events of every topic in place. */
export async function compressEvents(requests: readonly TopicRequest[], type: CompressionTypes): Promise<void> {
  await Promise.all(requests.flatMap(({ events }) => events.map((event) => compressEvent(event, type))))
}
