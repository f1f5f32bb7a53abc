import type { RheaSender, RheaSession } from './rhea.js'

/** Room of the frame for a transfer's payload that its own fields take, as rhea counts. */
const TRANSFER_OVERHEAD = 50

const listenersOf = new WeakMap<RheaSession, Set<() => void>>()

/**
 * The session's flow control, seen from a link that sends. What exceeds the window rhea would keep and send later, also
 * after the link is detached, which breaks the protocol; so it is not handed over. AMQP 1.0 §2.5.6.
 */
export function createSessionWindow(sender: RheaSender, tagSize: number) {
  const { session } = sender
  const { max_frame_size: maxFrameSize } = session.connection
  const payloadPerFrame = maxFrameSize ? maxFrameSize - TRANSFER_OVERHEAD - tagSize : Number.POSITIVE_INFINITY
  return {
    /** Transfers that can be sent now. */
    room(): number {
      const room = session.outgoing.transfer_window()
      return Number.isNaN(room) ? 0 : room
    },
    /** Transfers that a payload takes. */
    transfersOf: (bytes: number): number => Math.max(1, Math.ceil(bytes / payloadPerFrame)),
    /** Calls back when the client has changed the window. Returns its own remover. */
    onChange(listener: () => void): () => void {
      const listeners = listenersOf.get(session) ?? watch(session)
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}

/** rhea tells links about their own flow frames only. */
function watch(session: RheaSession): Set<() => void> {
  const listeners = new Set<() => void>()
  listenersOf.set(session, listeners)
  const { outgoing } = session
  const original = outgoing.on_flow
  outgoing.on_flow = function (fields) {
    original.call(this, fields)
    for (const listener of [...listeners]) listener()
  }
  return listeners
}
