import { useRef, useState } from 'preact/hooks'
import { get, post, topicPath } from './api.js'
import { Messages } from './messages.js'
import { Tail } from './tail.js'
import { Confirmation, Failure, formatNumber, html, Status, usePolling } from './ui.js'

export function Topic({ topic, info }) {
  const before = useRef(undefined)
  const { data, error } = usePolling(
    async () => {
      const report = await get(topicPath(topic))
      const at = performance.now()
      const rates = ratesOf(report, before.current, at)
      before.current = { report, at }
      return { ...report, rates }
    },
    2000,
    [topic],
  )
  return html`
    <p class="crumb"><a href="#/topics">Topics</a></p>
    <h1>${topic}</h1>
    <${Failure} error=${error} />
    ${data && html`<${Partitions} report=${data} />`}
    ${data && html`<${Messages} topic=${topic} partitions=${data.partitions} />`}
    ${data && html`<${Tail} topic=${topic} />`}
    ${data && !info.isReadOnly && html`<${Produce} topic=${topic} partitions=${data.partitions} />`}
  `
}

/** Messages per second and partition since the last look. */
function ratesOf({ topic, partitions }, last, at) {
  if (!last || last.report.topic !== topic) return undefined
  const seconds = (at - last.at) / 1000
  return partitions.map(({ partition, high }) => {
    const previous = last.report.partitions.find((entry) => entry.partition === partition)
    return previous ? Math.max(0, (Number(high) - Number(previous.high)) / seconds) : 0
  })
}

function Partitions({ report }) {
  const { partitions, settings, rates } = report
  const total = partitions.reduce((sum, { messages }) => sum + Number(messages), 0)
  const rate = rates?.reduce((sum, value) => sum + value, 0)
  return html`
    <section>
      <dl class="figures">
        <div><dt>partitions</dt><dd>${partitions.length}</dd></div>
        <div><dt>messages</dt><dd data-testid="messages">${formatNumber(total)}</dd></div>
        <div><dt>per second</dt><dd>${rate === undefined ? '–' : formatNumber(Math.round(rate))}</dd></div>
      </dl>
      <div class="scroll">
        <table>
          <caption>
            Partitions${Object.entries(settings).map(([name, value]) => html` · <code>${name}=${value}</code>`)}
          </caption>
          <thead>
            <tr>
              ${['partition', 'oldest offset', 'next offset', 'messages', 'per second'].map((name) => html`<th scope="col" class="number">${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${partitions.map(
              ({ partition, low, high, messages }, index) => html`
                <tr key=${partition}>
                  <td class="number">${partition}</td>
                  <td class="number">${low}</td>
                  <td class="number">${high}</td>
                  <td class="number">${formatNumber(messages)}</td>
                  <td class="number">${rates ? formatNumber(Math.round(rates[index])) : '–'}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `
}

function Produce({ topic, partitions }) {
  const [draft, setDraft] = useState(undefined)
  const [status, setStatus] = useState('')
  const review = (event) => {
    event.preventDefault()
    const { key, value, partition, headers } = event.target.elements
    try {
      setDraft({
        value: value.value,
        ...(key.value !== '' && { key: key.value }),
        ...(partition.value !== '' && { partition: Number(partition.value) }),
        ...(headers.value !== '' && { headers: JSON.parse(headers.value) }),
      })
      setStatus('')
    } catch (error) {
      setStatus(`Headers must be a JSON object: ${error.message}`)
    }
  }
  const send = async () => {
    setDraft(undefined)
    try {
      await post(`${topicPath(topic)}/messages`, draft)
      setStatus('Sent')
    } catch (error) {
      setStatus(error.message)
    }
  }
  return html`
    <section aria-labelledby="produce">
      <h2 id="produce">Send a message</h2>
      <form onSubmit=${review}>
        <label>Key <input name="key" /></label>
        <label>
          Partition
          <select name="partition">
            <option value="">by key</option>
            ${partitions.map(({ partition }) => html`<option value=${partition}>${partition}</option>`)}
          </select>
        </label>
        <label class="wide">Headers, as JSON <input name="headers" placeholder='{"source":"console"}' /></label>
        <label class="wide">Value <textarea name="value"></textarea></label>
        <button class="main">Send …</button>
      </form>
      <${Status}>${status}<//>
      <${Confirmation}
        open=${draft !== undefined}
        title=${`Send to ${topic}?`}
        action="Send"
        onConfirm=${send}
        onCancel=${() => setDraft(undefined)}
      >
        <pre>${draft ? JSON.stringify(draft, null, 2) : ''}</pre>
      <//>
    </section>
  `
}
