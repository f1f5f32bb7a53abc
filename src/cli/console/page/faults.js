import { useState } from 'preact/hooks'
import { get, post } from './api.js'
import { Failure, html, Status, usePolling } from './ui.js'

/** Faults that need no more than a topic, or not even that. */
const FAULTS = [
  ['drop-connections', 'Drop every connection', 'Without a goodbye, as a broken network does'],
  ['detach-links', 'Detach the links', 'As the service does when it moves a partition'],
  ['throttle', 'Throttle sends for 10 s', 'They are answered with "server busy"'],
  ['lose-acknowledgement', 'Lose an acknowledgement', 'The next message is stored; its sender does not learn it'],
  ['delay-acknowledgements', 'Delay 10 acknowledgements', 'By 2 s each'],
  ['expire-tokens', 'Expire tokens', 'The links they allowed are dropped'],
]
const PARTITION_FAULTS = [
  ['steal-epoch', 'Steal a partition for 10 s', 'Another reader, with a higher epoch'],
  ['freeze', 'Freeze a partition for 10 s', 'Nothing goes in or out'],
]

export function Faults() {
  const { data: topics = [], error } = usePolling(() => get('/api/topics'), 5000, [])
  const [hub, setHub] = useState('')
  const [partition, setPartition] = useState(0)
  const [status, setStatus] = useState('')
  const provoke = async (name) => {
    try {
      setStatus((await post(`/api/faults/${name}`, { hub, partition: Number(partition) })).done)
    } catch (failure) {
      setStatus(failure.message)
    }
  }
  const button = ([name, title, text]) => html`
    <tr key=${name}>
      <td><button type="button" class="danger" onClick=${() => provoke(name)}>${title}</button></td>
      <td class="dim">${text}</td>
    </tr>
  `
  return html`
    <h1>Faults</h1>
    <p class="dim">What goes wrong in a cloud, in the emulator of this process.</p>
    <${Failure} error=${error} />
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
      <table>
        <caption>Of the topic, or of all</caption>
        <tbody>${FAULTS.map(button)}</tbody>
      </table>
      <table>
        <caption>Of the partition</caption>
        <tbody>${PARTITION_FAULTS.map(button)}</tbody>
      </table>
      <button type="button" onClick=${() => provoke('clear')}>End every fault</button>
    </section>
  `
}
