import type { ServerResponse } from 'node:http'
import type { Connection } from '../clients.js'
import { type ReadOptions, readTopics } from '../reading.js'
import { type ShownMessage, toShownMessage } from './messages.js'

/** The time after which what has come in goes out, in one piece. */
const FLUSH_EVERY_MS = 100
/** The longest time without a word sent when nothing comes in: a browser that has gone is found out by it. */
const WORD_EVERY_MS = 15_000

export interface TailOptions extends Pick<ReadOptions, 'partitions'> {
  readonly topic: string
  readonly signal: AbortSignal
}

/** Sends what comes into a topic as server-sent events, until the browser goes or the signal aborts. */
export async function tail(connection: Connection, response: ServerResponse, options: TailOptions): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, options.signal])
  let batch: ShownMessage[] = []
  let drained: Promise<void> | undefined
  const send = (event: string, data: unknown) => {
    const isRoomLeft = response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    if (isRoomLeft || drained) return
    // A slow browser slows the reading, not this process's memory.
    drained = new Promise<void>((resolve) => {
      const done = () => {
        response.removeListener('drain', done)
        response.removeListener('close', done)
        drained = undefined
        resolve()
      }
      response.once('drain', done)
      response.once('close', done)
    })
  }
  const flush = () => {
    if (batch.length === 0 || drained) return
    const messages = batch
    batch = []
    send('messages', messages)
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const timers = [
    setInterval(flush, FLUSH_EVERY_MS),
    setInterval(() => response.write(': still here\n\n'), WORD_EVERY_MS),
  ]
  try {
    await readTopics({
      config: connection.config,
      topics: [options.topic],
      ...(options.partitions && { partitions: options.partitions }),
      start: { at: 'end' },
      untilEnd: false,
      signal,
      onStart: () => send('start', {}),
      async onMessage(consumed) {
        await drained
        batch.push(toShownMessage(consumed))
        return true
      },
    })
  } catch (error) {
    if (!signal.aborted) send('failure', { message: (error as Error).message })
  } finally {
    for (const timer of timers) clearInterval(timer)
    flush()
    response.end()
  }
}
