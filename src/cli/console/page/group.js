import { useState } from 'preact/hooks'
import { get, groupPath, post } from './api.js'
import { LagChart } from './chart.js'
import { State } from './groups.js'
import { Confirmation, Failure, formatNumber, html, Status, usePolling } from './ui.js'

export function Group({ group, info }) {
  const { data, error } = usePolling(() => get(groupPath(group)), 2000, [group])
  if (!data) return html`<h1>${group}</h1><${Failure} error=${error} />`
  const { report, history } = data
  const topics = [...new Set(report.partitions.map(({ topic }) => topic))]
  return html`
    <p class="crumb"><a href="#/groups">Groups</a></p>
    <h1>${group}</h1>
    <${Failure} error=${error} />
    <section aria-labelledby="lag">
      <dl class="figures">
        <div><dt>lag</dt><dd data-testid="lag">${formatNumber(report.lag)}</dd></div>
        <div><dt>members</dt><dd>${report.members.length}</dd></div>
        <div><dt>state</dt><dd><${State} state=${report.state} /></dd></div>
      </dl>
      <h2 id="lag">Lag over time</h2>
      <${LagChart} history=${history} />
    </section>
    <${Members} members=${report.members} />
    <${Offsets} partitions=${report.partitions} />
    ${!info.isReadOnly && topics.length > 0 && html`<${Reset} group=${group} topics=${topics} />`}
  `
}

function Members({ members }) {
  return html`
    <section>
      <table>
        <caption>Members</caption>
        <thead><tr><th scope="col">client id</th><th scope="col">host</th><th scope="col">reads</th></tr></thead>
        <tbody>
          ${members.map(
            ({ id, clientId, host, partitions }) => html`
              <tr key=${id}>
                <td title=${id}>${clientId}</td>
                <td>${host}</td>
                <td>${Object.entries(partitions)
                  .map(([topic, numbers]) => `${topic} ${numbers.join(', ')}`)
                  .join('; ')}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
      ${members.length === 0 && html`<p class="dim">Nobody reads for this group now.</p>`}
    </section>
  `
}

function Offsets({ partitions }) {
  return html`
    <section>
      <div class="scroll">
        <table>
          <caption>Committed offsets</caption>
          <thead>
            <tr>
              <th scope="col">topic</th>
              ${['partition', 'committed', 'end', 'lag'].map((name) => html`<th scope="col" class="number">${name}</th>`)}
              <th scope="col">member</th>
            </tr>
          </thead>
          <tbody>
            ${partitions.map(
              ({ topic, partition, committed, end, lag, member }) => html`
                <tr key=${`${topic}-${partition}`}>
                  <td><a href=${`#/topics/${encodeURIComponent(topic)}`}>${topic}</a></td>
                  <td class="number">${partition}</td>
                  <td class="number">${committed ?? '–'}</td>
                  <td class="number">${end}</td>
                  <td class="number">${formatNumber(lag)}</td>
                  <td>${member ?? ''}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `
}

/** Shows what would change before anything does. */
function Reset({ group, topics }) {
  const [to, setTo] = useState('earliest')
  const [plan, setPlan] = useState(undefined)
  const [status, setStatus] = useState('')
  const review = async (event) => {
    event.preventDefault()
    const { topic, value } = event.target.elements
    const request = { topic: topic.value, to }
    if (to === 'offset') request.value = value.value
    if (to === 'time') request.value = new Date(value.value).getTime()
    try {
      setPlan({ request, changes: await post(`${groupPath(group)}/plan`, request) })
      setStatus('')
    } catch (error) {
      setStatus(error.message)
    }
  }
  const execute = async () => {
    setPlan(undefined)
    try {
      const changes = await post(`${groupPath(group)}/reset`, plan.request)
      setStatus(`${changes.length} offsets are set`)
    } catch (error) {
      setStatus(error.message)
    }
  }
  return html`
    <section aria-labelledby="reset">
      <h2 id="reset">Reset offsets</h2>
      <form onSubmit=${review}>
        <label>
          Topic
          <select name="topic">${topics.map((topic) => html`<option>${topic}</option>`)}</select>
        </label>
        <label>
          To
          <select name="to" value=${to} onChange=${(event) => setTo(event.target.value)}>
            <option value="earliest">the oldest message</option>
            <option value="latest">the end</option>
            <option value="offset">an offset</option>
            <option value="time">a time</option>
          </select>
        </label>
        ${to === 'offset' && html`<label>Offset <input name="value" inputmode="numeric" pattern="\\d+" required /></label>`}
        ${to === 'time' && html`<label>Time <input name="value" type="datetime-local" step="1" required /></label>`}
        <button class="danger">Reset …</button>
      </form>
      <${Status}>${status}<//>
      <${Confirmation}
        open=${plan !== undefined}
        title=${`Reset ${group}?`}
        action="Reset"
        onConfirm=${execute}
        onCancel=${() => setPlan(undefined)}
      >
        <p>Its consumers must be stopped. These offsets would be set:</p>
        <table>
          <thead>
            <tr><th scope="col" class="number">partition</th><th scope="col" class="number">from</th><th scope="col" class="number">to</th></tr>
          </thead>
          <tbody>
            ${plan?.changes.map(
              ({ partition, from, to }) => html`
                <tr><td class="number">${partition}</td><td class="number">${from ?? '–'}</td><td class="number">${to}</td></tr>
              `,
            )}
          </tbody>
        </table>
      <//>
    </section>
  `
}
