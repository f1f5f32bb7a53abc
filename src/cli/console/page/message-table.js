import { useState } from 'preact/hooks'
import { formatBytes, guessFormat, summaryOf } from './bytes.js'
import { formatTime, html } from './ui.js'

/** Messages as rows; each opens to its headers, key and value. */
export function MessageTable({ messages, caption }) {
  const [open, setOpen] = useState(undefined)
  return html`
    <div class="scroll">
      <table class="messages">
        <caption>${caption}</caption>
        <thead>
          <tr>
            <th scope="col" class="number">partition</th>
            <th scope="col" class="number">offset</th>
            <th scope="col">time</th>
            <th scope="col">key</th>
            <th scope="col">value</th>
          </tr>
        </thead>
        <tbody>
          ${messages.map((message) => {
            const id = `${message.partition}-${message.offset}`
            const isOpen = open === id
            return html`
              <tr key=${id}>
                <td class="number">${message.partition}</td>
                <td class="number">
                  <button type="button" class="plain" aria-expanded=${isOpen} onClick=${() => setOpen(isOpen ? undefined : id)}>
                    ${message.offset}
                  </button>
                </td>
                <td>${formatTime(message.timestamp)}</td>
                <td class="mono">${message.key === null ? '' : summaryOf(message.key)}</td>
                <td class="mono value">${summaryOf(message.value)}</td>
              </tr>
              ${isOpen && html`<tr key=${`${id}-detail`} class="detail"><td colspan="5"><${Detail} message=${message} /></td></tr>`}
            `
          })}
        </tbody>
      </table>
    </div>
  `
}

function Detail({ message }) {
  const [format, setFormat] = useState(guessFormat(message.value))
  return html`
    ${
      message.headers.length > 0 &&
      html`
        <table>
          <caption>Headers</caption>
          <tbody>
            ${message.headers.map(({ name, value }) => html`<tr><th scope="row">${name}</th><td class="mono">${summaryOf(value)}</td></tr>`)}
          </tbody>
        </table>
      `
    }
    <div class="row">
      <label>
        Value as
        <select value=${format} onChange=${(event) => setFormat(event.target.value)}>
          ${['json', 'text', 'hex'].map((name) => html`<option value=${name}>${name}</option>`)}
        </select>
      </label>
      <span class="dim">${message.value === null ? 'no value' : `${message.value.size} bytes`}</span>
    </div>
    <pre tabindex="0" aria-label="Value">${formatBytes(message.value, format)}</pre>
  `
}
