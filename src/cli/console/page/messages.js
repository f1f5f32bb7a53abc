import { useState } from 'preact/hooks'
import { get, topicPath } from './api.js'
import { MessageTable } from './message-table.js'
import { Failure, formatNumber, html } from './ui.js'

/** Looks messages up: by offset, time or key, the newest or the oldest. */
export function Messages({ topic, partitions }) {
  const [from, setFrom] = useState('newest')
  const [found, setFound] = useState(undefined)
  const [error, setError] = useState(undefined)
  const [isBusy, setBusy] = useState(false)
  const search = async (event) => {
    event.preventDefault()
    const { partition, value, key, limit } = event.target.elements
    const query = new URLSearchParams({ from, limit: limit.value })
    if (partition.value !== '') query.set('partition', partition.value)
    if (key.value !== '') query.set('key', key.value)
    // A key may be rare: look further back for it.
    if (from === 'newest') query.set('value', key.value === '' ? limit.value : '10000')
    if (from === 'offset') query.set('value', value.value)
    if (from === 'time') query.set('value', String(new Date(value.value).getTime()))
    setBusy(true)
    try {
      setFound(await get(`${topicPath(topic)}/messages?${query}`))
      setError(undefined)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return html`
    <section aria-labelledby="messages">
      <h2 id="messages">Messages</h2>
      <form onSubmit=${search}>
        <label>
          Partition
          <select name="partition">
            <option value="">all</option>
            ${partitions.map(({ partition }) => html`<option value=${partition}>${partition}</option>`)}
          </select>
        </label>
        <label>
          From
          <select name="from" value=${from} onChange=${(event) => setFrom(event.target.value)}>
            <option value="newest">the newest</option>
            <option value="oldest">the oldest</option>
            <option value="offset">an offset</option>
            <option value="time">a time</option>
          </select>
        </label>
        ${from === 'offset' && html`<label>Offset <input name="value" inputmode="numeric" pattern="\\d+" required /></label>`}
        ${from === 'time' && html`<label>Time <input name="value" type="datetime-local" step="1" required /></label>`}
        <label>Key is <input name="key" /></label>
        <label>
          At most
          <select name="limit"><option>50</option><option>100</option><option>500</option></select>
        </label>
        <button class="main" disabled=${isBusy}>${isBusy ? 'Looking …' : 'Show'}</button>
      </form>
      <${Failure} error=${error} />
      ${found && html`<${MessageTable} messages=${found.messages} caption=${captionOf(found)} />`}
    </section>
  `
}

function captionOf({ messages, scanned, isComplete }) {
  const count = `${formatNumber(messages.length)} messages; ${formatNumber(scanned)} were looked at`
  return isComplete ? count : `${count}, and there may be more`
}
