import { isKafkaJSError } from '../../errors/index.js'
import { DecodingError } from '../../eventhubs/reading/decoding.js'
import { readEvent } from '../../translate/compression.js'
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

/** The messages of events, each in its event's place. A promise only where a body has to be decompressed. */
export function decodeEvents(
  events: readonly ReceivedEvent[],
  of: TopicPartition,
  onUndecodable: OnUndecodable,
): (ReceivedMessage | undefined)[] | Promise<(ReceivedMessage | undefined)[]> {
  let isWaiting = false
  const messages: (ReceivedMessage | undefined | Promise<ReceivedMessage | undefined>)[] = new Array(events.length)
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as ReceivedEvent
    const message = decodeEvent(event, of, onUndecodable)
    isWaiting ||= message instanceof Promise
    messages[i] = message
  }
  return isWaiting ? Promise.all(messages) : (messages as (ReceivedMessage | undefined)[])
}

function decodeEvent(event: ReceivedEvent, of: TopicPartition, onUndecodable: OnUndecodable) {
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
