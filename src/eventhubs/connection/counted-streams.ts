import type { ConnectionCounts } from '../transport.js'
import type { OpenStream } from './amqp-socket.js'

/** A way to open streams, and the number of those that it has opened. */
export interface CountedStreams {
  readonly openStream: OpenStream
  /** Counted on. */
  readonly counts: ConnectionCounts
}

/** Counts the streams that are opened this way; those that could not be opened do not count. */
export function countStreams(openStream: OpenStream): CountedStreams {
  const counts = { open: 0, opened: 0, lost: 0 }
  return {
    counts,
    openStream(onReady, onRefused) {
      let isOpen = false
      const stream = openStream(() => {
        isOpen = true
        counts.open++
        counts.opened++
        onReady()
      }, onRefused)
      // One that is closed from here is first ended, or destroyed without the other side having ended it.
      let isLost = false
      const onLost = () => {
        isLost ||= !stream.writableEnded
      }
      stream.once('end', onLost)
      stream.once('error', onLost)
      stream.once('close', () => {
        if (!isOpen) return
        counts.open--
        if (isLost) counts.lost++
      })
      return stream
    },
  }
}
