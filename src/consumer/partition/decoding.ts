import { isKafkaJSError } from '../../errors/index.js'
import { DecodingError } from '../../eventhubs/reading/decoding.js'
import { largestDecompressed, readEvent } from '../../translate/compression.js'
import type { ReceivedEvent } from '../../translate/event.js'
import { fromUndecodable, type ReceivedMessage } from '../../translate/message.js'
import type { TopicPartition } from '../../types/index.js'

/** Makes the message of an event that cannot be decoded, or undefined to leave it out. */
export type OnUndecodable = (event: ReceivedEvent, reason: string, of: TopicPartition) => ReceivedMessage | undefined

/** The handling of events that cannot be decoded: they come as they are, or are told of and passed over. */
export function createOnUndecodable(
  choice: 'deliver' | 'skip',
  onSkipped: (event: ReceivedEvent, reason: string, of: TopicPartition) => void,
): OnUndecodable {
  if (choice === 'deliver') return fromUndecodable
  /** Events may come again, and are told of once. */
  const told = new WeakSet<ReceivedEvent>()
  return (event, reason, of) => {
    if (!told.has(event)) onSkipped(event, reason, of)
    told.add(event)
    return undefined
  }
}

/** A message, the lack of one, or the promise of either where the body has to be decompressed. */
type Decoded = ReceivedMessage | undefined | Promise<ReceivedMessage | undefined>

export interface DecodeOptions {
  readonly of: TopicPartition
  readonly onUndecodable: OnUndecodable
  /** Bytes of decompressed messages that may be held at a time. */
  readonly maxBytes: number
}

/**
 * The messages of events, each in its event's place. A promise only where a body has to be decompressed; then they may be
 * fewer than the events, and at least one: those behind them are to be decoded when these are done with.
 */
export function decodeEvents(
  events: readonly ReceivedEvent[],
  options: DecodeOptions,
): (ReceivedMessage | undefined)[] | Promise<(ReceivedMessage | undefined)[]> {
  const messages: (ReceivedMessage | undefined)[] = new Array(events.length)
  for (let i = 0; i < events.length; i++) {
    const message = decodeEvent(events[i] as ReceivedEvent, options)
    if (message instanceof Promise) return decompressEvents(events, messages.slice(0, i), message, options)
    messages[i] = message
  }
  return messages
}

/** Goes on behind `before` with the first that has to be decompressed. */
async function decompressEvents(
  events: readonly ReceivedEvent[],
  before: readonly (ReceivedMessage | undefined)[],
  first: Decoded,
  options: DecodeOptions,
): Promise<(ReceivedMessage | undefined)[]> {
  const messages = [...before]
  const begun: Decoded[] = [first]
  let held = 0
  let atMost = largestDecompressed(events[messages.length])
  for (;;) {
    // So many at a time as are not too much whatever is in them.
    for (let i = messages.length + begun.length; i < events.length && held < options.maxBytes; i++) {
      atMost += largestDecompressed(events[i])
      if (begun.length > 0 && held + atMost > options.maxBytes) break
      begun.push(decodeEvent(events[i] as ReceivedEvent, options))
    }
    if (begun.length === 0) return messages
    for (const message of await Promise.all(begun.splice(0))) {
      messages.push(message)
      held += message?.value?.length ?? 0
    }
    atMost = 0
  }
}

function decodeEvent(event: ReceivedEvent, { of, onUndecodable }: DecodeOptions): Decoded {
  if (event.problem) return onUndecodable(event, event.problem.message, of)
  const recover = (error: unknown) => {
    if (isOfEvent(error)) return onUndecodable(event, error.message, of)
    throw error
  }
  try {
    const message = readEvent(event)
    return message instanceof Promise ? message.catch(recover) : message
  } catch (error) {
    return recover(error)
  }
}

/** True for an error that an event is to blame for. A codec that is not registered is the program's to add. */
function isOfEvent(error: unknown): error is Error {
  return error instanceof DecodingError || (isKafkaJSError(error) && error.name === 'KafkaJSNonRetriableError')
}
