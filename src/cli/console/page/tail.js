import { useEffect, useRef, useState } from 'preact/hooks'
import { topicPath } from './api.js'
import { MessageTable } from './message-table.js'
import { formatNumber, html, Status } from './ui.js'

/** Rows that are kept: what nobody can read any more makes the page slow. */
const MOST_ROWS = 200
/** How often the page is drawn, whatever comes in. */
const DRAW_EVERY_MS = 200

/** What comes in, as it comes in. */
export function Tail({ topic }) {
  const [isOn, setOn] = useState(false)
  const [view, setView] = useState({ rows: [], count: 0, rate: 0 })
  const [status, setStatus] = useState('')
  const source = useRef(undefined)

  useEffect(() => () => source.current?.close(), [topic])

  const start = () => {
    setOn(true)
    setStatus('Connecting …')
    let rows = []
    let count = 0
    let isDirty = true
    const seen = []
    const events = new EventSource(`${topicPath(topic)}/tail`)
    source.current?.close()
    source.current = events
    events.addEventListener('start', () => setStatus('Waiting for messages'))
    events.addEventListener('messages', ({ data }) => {
      const messages = JSON.parse(data)
      if (count === 0) setStatus('Following')
      count += messages.length
      rows = [...messages.reverse(), ...rows].slice(0, MOST_ROWS)
      seen.push({ at: performance.now(), count: messages.length })
      isDirty = true
    })
    events.addEventListener('failure', ({ data }) => {
      setStatus(JSON.parse(data).message)
      events.close()
      setOn(false)
    })
    events.onerror = () => {
      // The browser would connect again by itself, from the end: a gap that nobody sees.
      if (events.readyState === EventSource.CLOSED || events !== source.current) return
      events.close()
      setOn(false)
      setStatus('The connection to the console has ended')
    }
    const timer = setInterval(() => {
      if (events.readyState === EventSource.CLOSED) clearInterval(timer)
      const now = performance.now()
      while (seen.length > 0 && now - seen[0].at > 3000) seen.shift()
      const rate = seen.reduce((sum, entry) => sum + entry.count, 0) / 3
      if (isDirty || seen.length > 0) setView({ rows, count, rate })
      isDirty = false
    }, DRAW_EVERY_MS)
  }

  const stop = () => {
    source.current?.close()
    setOn(false)
    setStatus('Stopped')
  }

  return html`
    <section aria-labelledby="tail">
      <h2 id="tail">Live</h2>
      <div class="row middle">
        ${
          isOn
            ? html`<button type="button" onClick=${stop}>Stop</button>`
            : html`<button type="button" class="main" onClick=${start}>Follow</button>`
        }
        <span class="dim">
          <span data-testid="tail-count">${formatNumber(view.count)}</span> messages, ${formatNumber(Math.round(view.rate))} per second
        </span>
      </div>
      <${Status}>${status}<//>
      ${
        view.rows.length > 0 &&
        html`<div class="live" tabindex="0" role="region" aria-label="Live messages">
          <${MessageTable} messages=${view.rows} caption=${`The newest ${view.rows.length}, newest first`} />
        </div>`
      }
    </section>
  `
}
