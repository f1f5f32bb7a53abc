import type { EventEmitter } from 'node:events'

/**
 * Resolves with what a connection's `close` tells. An `error` before it is part of how a peer ends a connection (a reset,
 * where bytes were still under way), so it must not reject, as `once` of `node:events` would.
 */
export function closeOf(connection: EventEmitter): Promise<unknown[]> {
  connection.on('error', () => {})
  return new Promise((resolve) => connection.once('close', (...told) => resolve(told)))
}
