import { randomUUID } from 'node:crypto'

/** A text with the trailer that each text of the service carries. */
export function tracked(text: string, tracker = 'NoSystemTracker'): string {
  const time = new Date().toISOString().slice(0, 19)
  return `${text} TrackingId:${randomUUID()}, SystemTracker:${tracker}, Timestamp:${time}`
}
