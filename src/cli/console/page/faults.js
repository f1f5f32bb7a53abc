import { useState } from 'preact/hooks'
import { get, post } from './api.js'
import { Confirmation, Failure, html, Status, usePolling } from './ui.js'

/** The emulator's faults, as it lists them. Of another's emulator each is asked about before it is provoked. */
export function Faults({ info }) {
  const { data: topics = [], error } = usePolling(() => get('/api/topics'), 5000, [])
  const [hub, setHub] = useState('')
  const [partition, setPartition] = useState(0)
  const [asked, setAsked] = useState(undefined)
  const [status, setStatus] = useState('')
  const mayProvoke = info.isOwnEmulator || !info.isReadOnly
  const targetOf = ({ strikes }) => ({
    ...(strikes !== 'namespace' && hub !== '' && { hub }),
    ...(strikes === 'partition' && { partition: Number(partition) }),
  })
  const provoke = async (fault) => {
    setAsked(undefined)
    try {
      setStatus((await post(`/api/faults/${fault.name}`, targetOf(fault))).done)
    } catch (failure) {
      setStatus(failure.message)
    }
  }
  const table = (strikes, caption) => html`
    <table>
      <caption>${caption}</caption>
      <tbody>
        ${info.faults
          .filter((fault) => fault.strikes === strikes)
          .map(
            (fault) => html`
              <tr key=${fault.name}>
                <td>
                  <button
                    type="button"
                    class="danger"
                    disabled=${!mayProvoke}
                    onClick=${() => (info.isOwnEmulator ? provoke(fault) : setAsked(fault))}
                  >${fault.title}</button>
                </td>
                <td class="dim">${fault.text}</td>
              </tr>
            `,
          )}
      </tbody>
    </table>
  `
  return html`
    <h1>Faults</h1>
    <p class="dim">What goes wrong in a cloud, in the emulator ${info.namespace}.</p>
    <${Failure} error=${error} />
    ${!mayProvoke && html`<p class="notice">The console is read-only: start it with <code>--no-read-only</code> to use these.</p>`}
    <section>
      <div class="row">
        <label>
          Topic
          <select value=${hub} onChange=${(event) => setHub(event.target.value)}>
            <option value="">all</option>
            ${topics.map((topic) => html`<option>${topic}</option>`)}
          </select>
        </label>
        <label>
          Partition
          <input type="number" min="0" value=${partition} onInput=${(event) => setPartition(event.target.value)} />
        </label>
      </div>
      <${Status}>${status}<//>
      ${table('topic', 'Of the topic, or of all')}
      ${table('partition', 'Of the partition')}
      ${table('namespace', 'Of the whole emulator')}
      <${Confirmation}
        open=${asked !== undefined}
        title=${`${asked?.title}?`}
        action="Do it"
        onConfirm=${() => provoke(asked)}
        onCancel=${() => setAsked(undefined)}
      >
        <p>${asked?.text}. Others may be using the emulator ${info.namespace}.</p>
        ${asked && html`<p>${placeOf(targetOf(asked))}</p>`}
      <//>
    </section>
  `
}

function placeOf({ hub, partition }) {
  if (hub === undefined) return 'It strikes everything.'
  return partition === undefined ? `It strikes ${hub}.` : `It strikes partition ${partition} of ${hub}.`
}
